/**
 * Keeps the place of people who use the keyboard or a screen reader. A browser drops the focus of an
 * element that is moved, replaced, hidden or disabled, and they would begin at the top again.
 */

const FOCUSABLE = "a[href], button:not(:disabled)";

const focusableIn = (parent: Element): HTMLElement[] =>
  [...parent.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((node) => !node.hidden);

/** What stays the same when an element is made anew. */
const nameOf = (node: Element): string | null =>
  node.getAttribute("aria-label") ?? node.getAttribute("href");

/** Changes what `parent` holds. The focus stays where it is, or goes to what took that place. */
export function keepingFocus(parent: Element, change: () => void): void {
  const focused = document.activeElement;
  const isInside = focused instanceof HTMLElement && parent.contains(focused);
  const at = isInside ? focusableIn(parent).indexOf(focused) : -1;
  change();
  if (!isInside || document.activeElement === focused) return;
  const there = focusableIn(parent);
  const name = nameOf(focused);
  const same = there.find((node) => node === focused || (name !== null && nameOf(node) === name));
  const next = same ?? there[Math.min(at, there.length - 1)];
  if (next === undefined) focusHeading(IN_PLACE);
  else next.focus(IN_PLACE);
}

export function setDisabled(button: HTMLButtonElement, isDisabled: boolean): void {
  const isFocused = document.activeElement === button;
  button.disabled = isDisabled;
  if (isDisabled && isFocused) focusHeading(IN_PLACE);
}

export const focusHeading = (options: FocusOptions = {}): void =>
  document.querySelector("h1")?.focus(options);

/** What a person looks at stays in sight. */
const IN_PLACE = { preventScroll: true };

/** Draws a value only when it is another one than before. */
export function onceFor<T>(draw: (value: T) => void): (value: T) => void {
  let drawn = "";
  return (value) => {
    const next = JSON.stringify(value);
    if (next === drawn) return;
    drawn = next;
    draw(value);
  };
}
