/**
 * Creates elements from text. The console never writes HTML, so no text of a caller, a source or
 * TRTC can become markup.
 */
import { keepingFocus } from "./focus.js";

type Value = string | boolean | undefined | ((event: Event) => void);
type Attributes = Readonly<Record<string, Value>>;
export type Child = Node | string | undefined;

/** `h("a", { href: "#/x" }, "text")`. A function is the listener of the event that its name says. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag);
  setAttributes(created, attributes);
  created.append(...children.filter((child) => child !== undefined));
  return created;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag: string, attributes: Attributes, ...children: Child[]): SVGElement {
  const created = document.createElementNS(SVG, tag);
  setAttributes(created, attributes);
  created.append(...children.filter((child) => child !== undefined));
  return created;
}

function setAttributes(node: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (typeof value === "string") node.setAttribute(name, value);
  }
}

/** Writes only changed text, so that a selection and a screen reader's position survive. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Writes only a change. A browser reports each writing of an attribute, also of the same value. */
export function setHidden(node: HTMLElement, isHidden: boolean): void {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}

/** A line that is there only while it has something to say. */
export function showText(node: HTMLElement, text: string): void {
  setText(node, text);
  setHidden(node, text === "");
}

export function setClass(node: Element, name: string): void {
  if (node.className !== name) node.className = name;
}

/** Sets the children in this order. Children that are already in place stay untouched. */
export function setChildren(parent: Element, children: readonly Element[]): void {
  const kept = new Set(children);
  keepingFocus(parent, () => {
    for (const old of [...parent.children]) if (!kept.has(old)) old.remove();
    children.forEach((child, at) => {
      const there = parent.children[at];
      if (there !== child) parent.insertBefore(child, there ?? null);
    });
  });
}

/** A heading that takes the focus when its page opens, so that a screen reader reads it. */
export const pageHeading = (text: string): HTMLHeadingElement => h("h1", { tabindex: "-1" }, text);
