/** How many places of a terminal a text takes. */

/** Chinese, Japanese and Korean characters, and most pictures, take two places. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Accents stand on the character before them. */
const ACCENT = /\p{M}/u;

function placesOf(character: string): number {
  if (ACCENT.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

export const widthOf = (text: string): number =>
  Array.from(text).reduce((places, character) => places + placesOf(character), 0);

/** The rows of a terminal that a line takes. A wide character is never split between two rows. */
export function rowsOf(line: string, columns: number): number {
  let rows = 1;
  let used = 0;
  for (const character of line) {
    const places = placesOf(character);
    const fits = used + places <= columns;
    used = fits ? used + places : places;
    if (!fits) rows += 1;
  }
  return rows;
}

export const padded = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let places = 0;
  for (const character of text) {
    places += placesOf(character);
    if (places > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
