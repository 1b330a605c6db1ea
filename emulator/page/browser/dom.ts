/** Creates elements from text. The pages never write HTML. */

type Attributes = Readonly<Record<string, string>>;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  created.append(...children);
  return created;
}

/** Writes only changed text, so that a selection and a screen reader's position survive. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets the children in this order. Children that are already in place stay untouched. */
export function setChildren(parent: Element, children: readonly Element[]): void {
  for (const old of [...parent.children]) if (!children.includes(old)) old.remove();
  children.forEach((child, at) => {
    const there = parent.children[at];
    if (there !== child) parent.insertBefore(child, there ?? null);
  });
}

/** Reads the data that the server put into the page. */
export function readState(): unknown {
  return JSON.parse(document.getElementById("state")?.textContent ?? "null");
}
