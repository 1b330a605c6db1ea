/** The frame's header: where one can go, the language, the theme, and the way out. */
import { h } from "../base/dom.js";
import { hrefOf, type PageName, pagesOf } from "../base/route.js";
import { chooseTheme, currentTheme, THEMES } from "../base/theme.js";
import type { Session } from "../service/session.js";
import { chooseLanguage, currentLanguage, LANGUAGES, t } from "../words/words.js";
import { choice } from "./field.js";

interface HeaderOptions {
  session: Session | undefined;
  page: PageName;
  onLanguage: () => void;
  onSignOut: () => void;
}

export function header({ session, page, onLanguage, onSignOut }: HeaderOptions): HTMLElement {
  const language = choice("language", Object.entries(LANGUAGES), currentLanguage());
  language.id = "language";
  language.setAttribute("aria-label", t("frame.language"));
  language.addEventListener("change", () => {
    chooseLanguage(language.value);
    onLanguage();
  });
  const theme = choice(
    "theme",
    THEMES.map((name) => [name, t(`theme.${name}`)] as const),
    currentTheme(),
  );
  theme.id = "theme";
  theme.setAttribute("aria-label", t("frame.theme"));
  theme.addEventListener("change", () => chooseTheme(theme.value));
  const out = h(
    "button",
    { type: "button", id: "sign-out", click: onSignOut },
    t("frame.sign-out"),
  );
  const who =
    session === undefined ? undefined : h("span", { class: "quiet" }, t(`frame.${session.kind}`));
  return h(
    "header",
    {},
    h("p", { class: "brand" }, t("frame.title")),
    session === undefined ? undefined : navigation(session, page),
    h("div", { class: "switches" }, who, language, theme, session === undefined ? undefined : out),
  );
}

function navigation({ kind }: Session, page: PageName): HTMLElement {
  const links = pagesOf(kind).map((name) => {
    const current = name === page ? "page" : undefined;
    return h("li", {}, h("a", { href: hrefOf(name), "aria-current": current }, t(`nav.${name}`)));
  });
  return h("nav", { "aria-label": t("frame.navigation") }, h("ul", {}, ...links));
}
