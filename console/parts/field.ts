/** A labelled field of a form, with its hint and its message beside it. */
import { h, showText } from "../base/dom.js";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export interface Field {
  node: HTMLElement;
  control: Control;
  /** An empty message clears it. */
  complain: (message: string) => void;
}

interface FieldOptions {
  /** Unique on the page. */
  id: string;
  label: string;
  hint?: string;
  control: Control;
}

export function field({ id, label, hint, control }: FieldOptions): Field {
  const message = h("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const described = [hint === undefined ? "" : `${id}-hint`, `${id}-error`].join(" ").trim();
  control.id = id;
  control.setAttribute("aria-describedby", described);
  const shown = hint === undefined ? undefined : h("p", { class: "hint", id: `${id}-hint` }, hint);
  const isBox = control instanceof HTMLInputElement && control.type === "checkbox";
  const name = h("label", { for: id }, label);
  const line = isBox ? h("div", { class: "box" }, control, name) : undefined;
  const parts = line === undefined ? [name, control] : [line];
  const node = h("div", { class: "field" }, ...parts, shown, message);
  return {
    node,
    control,
    complain(text) {
      showText(message, text);
      if (text === "") control.removeAttribute("aria-invalid");
      else control.setAttribute("aria-invalid", "true");
    },
  };
}

export function choice(
  name: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
): HTMLSelectElement {
  const select = h("select", { name });
  for (const [value, text] of options) select.append(h("option", { value }, text));
  select.value = chosen;
  return select;
}
