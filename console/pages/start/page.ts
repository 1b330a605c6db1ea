/** Starts an ingest. The API checks it, and its message stands at the field that it names. */
import { h, pageHeading, showText } from "../../base/dom.js";
import { hrefOf } from "../../base/route.js";
import { announce, failureText } from "../../parts/announce.js";
import type { Field } from "../../parts/field.js";
import { CallError } from "../../service/call.js";
import { callApi, change } from "../../service/ingests.js";
import { isCurrent } from "../../service/session.js";
import { t } from "../../words/words.js";
import { handledKey, type PageContext } from "../page.js";
import { startFields } from "./fields.js";
import { fieldOf } from "./refusal.js";
import { readStart } from "./request.js";
import { forgetToken, isOpen, tokenOf } from "./token.js";

interface Started {
  TaskId: string;
  Warning?: string;
  /** Absent: it plays. */
  State?: string;
}

export function startPage(context: PageContext): void {
  const { main, session, left } = context;
  main.append(pageHeading(t("start.title")));
  const fields = startFields();
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "primary" }, t("start.go"));
  const result = h("div", { class: "notice", role: "status", hidden: true });
  const form = h(
    "form",
    {
      class: "card",
      novalidate: true,
      autocomplete: "off",
      submit,
    },
    ...[...fields.values()].map(({ node }) => node),
    problem,
    button,
  );
  main.append(form, result);

  // Not disabled meanwhile: a button that is disabled loses the focus.
  let isBusy = false;

  function submit(event: Event): void {
    event.preventDefault();
    if (!isBusy) attempt().catch(() => undefined);
  }

  async function attempt(): Promise<void> {
    isBusy = true;
    showText(problem, "");
    result.hidden = true;
    for (const { complain } of fields.values()) complain("");
    const body = readStart(fields);
    const request = { ...body, ClientToken: tokenOf(body) };
    try {
      const started = await change(callApi<Started>(session, "StartStreamIngest", request));
      if (!isCurrent(session)) return;
      forgetToken(body);
      showStarted(started);
    } catch (thrown) {
      const error = CallError.from(thrown);
      if (!isCurrent(session) || handledKey(error, context)) return;
      if (!isOpen(error)) forgetToken(body);
      refuse(error);
    } finally {
      isBusy = false;
    }
  }

  function refuse(error: CallError): void {
    const again = isOpen(error) ? t("start.again") : "";
    const text = [failureText(error), again].filter((part) => part !== "").join(" ");
    const at = fields.get(fieldOf(error, [...fields.keys()]) ?? "");
    if (left.aborted) announce(text);
    else if (at === undefined) showText(problem, text);
    else complainAt(at, text);
  }

  function showStarted({ TaskId, Warning, State }: Started): void {
    // The answer of an earlier try may come when its ingest is over.
    const isOver = State === "ended" || State === "stopping";
    const text = t(isOver ? "start.over" : "start.done");
    // The form has gone, and the list has the ingest.
    if (left.aborted) {
      announce(text);
      return;
    }
    const link = h("a", { href: hrefOf("ingests", TaskId) }, t("start.open"));
    result.replaceChildren(text, " ", link, Warning === undefined ? "" : ` ${Warning}`);
    result.hidden = false;
    link.focus();
  }
}

function complainAt({ complain, control }: Field, text: string): void {
  complain(text);
  announce(text);
  control.focus();
}
