/** Asks before what cannot be undone. Escape and Cancel do nothing. */
import { h } from "../base/dom.js";
import { t } from "../words/words.js";

interface Question {
  title: string;
  text: string;
  /** The name of the action, such as "Stop". */
  yes: string;
  /** When the page goes, the answer is no. */
  left: AbortSignal;
}

export function confirmed({ title, text, yes, left }: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = h(
      "button",
      { type: "button", click: () => dialog.close() },
      t("confirm.cancel"),
    );
    const go = h(
      "button",
      { type: "button", class: "danger", click: () => dialog.close("yes") },
      yes,
    );
    const dialog = h(
      "dialog",
      { "aria-labelledby": "confirm-title" },
      h("h2", { id: "confirm-title" }, title),
      h("p", {}, text),
      h("div", { class: "buttons" }, cancel, go),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    left.addEventListener("abort", () => dialog.close());
    document.body.append(dialog);
    dialog.showModal();
    cancel.focus();
  });
}
