/** The console: signs in, shows the page that the address names, and puts the frame around it. */
import { h } from "./base/dom.js";
import { focusHeading } from "./base/focus.js";
import { allowedRoute, type PageName, readRoute, type Route } from "./base/route.js";
import { costsPage } from "./pages/costs.js";
import { healthPage } from "./pages/health.js";
import { ingestPage } from "./pages/ingest.js";
import { forgetFilter, listPage } from "./pages/list.js";
import type { PageContext } from "./pages/page.js";
import { schedulesPage } from "./pages/schedules.js";
import { signInPage } from "./pages/sign-in.js";
import { startPage } from "./pages/start/page.js";
import { forgetDraft } from "./pages/start/fields.js";
import { forgetTokens } from "./pages/start/token.js";
import { announce, announcement } from "./parts/announce.js";
import { header } from "./parts/header.js";
import { remember } from "./service/known.js";
import { currentSession, isCurrent, type Session, setSession } from "./service/session.js";
import { answerTabs } from "./service/tabs.js";
import { chooseLanguage, localeOf, t } from "./words/words.js";

let page = new AbortController();
let reason = "";

const main = h("main", { id: "main", tabindex: "-1" });
const banner = h("div", { class: "frame" });
const skipLink = h("a", { class: "skip", href: "#main", click: skipToMain });

function skipToMain(event: Event): void {
  // The address names the page, so the link must not change it.
  event.preventDefault();
  main.focus();
}

/** Draws everything again: after a sign-in, another page, another language. */
function draw(): void {
  page.abort();
  page = new AbortController();
  const left = page.signal;
  main.replaceChildren();
  const session = currentSession();
  const asked = readRoute(location.hash);
  const route = session === undefined ? asked : allowedRoute(asked, session.kind);
  document.documentElement.lang = localeOf();
  skipLink.textContent = t("frame.skip");
  banner.replaceChildren(
    header({ session, page: route.page, onLanguage: redraw, onSignOut: signOut }),
  );
  if (session === undefined) {
    signInPage({ main, left, reason, onSignedIn });
  } else {
    // A call of an earlier session may end only now.
    const onKeyRefused = (): void => {
      if (isCurrent(session)) endSession(t("failure.key"));
    };
    openPage(route, { session, main, left, onKeyRefused });
  }
  const heading = main.querySelector("h1");
  document.title = `${heading?.textContent ?? ""} – ${t("frame.title")}`;
}

function openPage({ page: name, id }: Route, context: PageContext): void {
  if (name === "ingests" && id !== undefined) ingestPage(context, id);
  else OPEN[name](context);
}

const OPEN: Readonly<Record<PageName, (context: PageContext) => void>> = {
  ingests: listPage,
  start: startPage,
  schedules: schedulesPage,
  costs: costsPage,
  health: healthPage,
};

function navigate(): void {
  announce("");
  draw();
  focusHeading();
}

/** The focus stays on the switch of the language, which the header makes anew. */
function redraw(): void {
  const id = document.activeElement?.id ?? "";
  draw();
  document.getElementById(id)?.focus();
}

function onSignedIn(session: Session): void {
  setSession(session);
  reason = "";
  navigate();
}

function endSession(why: string): void {
  setSession(undefined);
  forgetFilter();
  forgetDraft();
  forgetTokens();
  remember([]);
  reason = why;
  navigate();
}

const signOut = (): void => endSession("");

chooseLanguage(navigator.language);
document.body.replaceChildren(skipLink, banner, main, announcement());
window.addEventListener("hashchange", navigate);
answerTabs(() => currentSession() !== undefined);
draw();
