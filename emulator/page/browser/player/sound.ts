/** The page's sound. It is off until the viewer turns it on, because browsers mute new pages. */
import { element, setText } from "../dom.js";

export interface Sound {
  button: HTMLButtonElement;
  isOn: () => boolean;
  toggle: () => void;
}

export function makeSound(onChange: () => void): Sound {
  let isOn = false;
  const label = element("span");
  const button = element("button", { type: "button", class: "sound", "aria-keyshortcuts": "m" });
  button.append(label, element("kbd", { "aria-hidden": "true" }, "m"));

  function toggle(): void {
    isOn = !isOn;
    show();
    onChange();
  }
  function show(): void {
    setText(label, isOn ? "Mute" : "Unmute");
    button.dataset["on"] = String(isOn);
  }

  show();
  button.addEventListener("click", toggle);
  return { button, isOn: () => isOn, toggle };
}
