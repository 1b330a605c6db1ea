/** Says short messages to screen readers, and shows them for everyone else. */
import { h, setText } from "../base/dom.js";
import { CallError } from "../service/call.js";
import { t } from "../words/words.js";

const line = h("p", { class: "announcement", role: "status", "aria-live": "polite" });

export const announcement = (): HTMLElement => line;

/** The same text again is a change too, by a space at its end, or a screen reader stays silent. */
export function announce(text: string): void {
  const isSame = text !== "" && line.textContent === text;
  setText(line, isSame ? `${text}\u00a0` : text);
}

/** What went wrong, and what to do, in the person's language. The API's own message follows. */
export function failureText(thrown: unknown): string {
  const { failure, message, status } = CallError.from(thrown);
  if (failure === "refused")
    return message === "" ? t("failure.refused", { status: status ?? 0 }) : message;
  if (failure === "key") return t("failure.key");
  if (failure === "offline") return t("failure.offline");
  return [t("failure.unavailable", { status: status ?? 503 }), message]
    .filter((text) => text !== "")
    .join(" ");
}
