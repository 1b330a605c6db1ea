/** The HTML frames of the pages. The browser's script fills in the data as text, never as HTML. */

export interface Page {
  title: string;
  /** The name of the script for this page. */
  entry: "room" | "rooms";
  /** The script's first data, so that the page does not jump when the first answer arrives. */
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

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

/** The first `</script` ends a script element, even inside a JSON string. */
const escapeJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028");
