/** The pages' frames. What fills them is data, which the browser's script writes as text, never as HTML. */

export interface Page {
  title: string;
  /** Names the script and says what it is for. */
  entry: "room" | "rooms";
  /** What the script begins with, so that nothing jumps when the first answer comes. */
  state: unknown;
}

export function renderPage({ title, entry, state }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="/page/icon.svg">
<link rel="stylesheet" href="/page/page.css">
<script type="application/json" id="state">${escapeJson(state)}</script>
<script type="module" src="/page/${entry}.js"></script>
</head>
<body>
<noscript><p class="notice">This page needs JavaScript. The same as JSON: <a href="/_emulator/rooms">/_emulator/rooms</a></p></noscript>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

/** JSON inside a script element ends at the first `</script`, whatever quotes are around it. */
const escapeJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028");
