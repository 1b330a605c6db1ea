/** Which time zones a schedule can have, and what to send instead of another name. */
import leven from "leven";

/** Accepted besides the runtime's own list: it has the older names of these. */
const RENAMED = [
  "America/Argentina/Buenos_Aires",
  "America/Nuuk",
  "Asia/Ho_Chi_Minh",
  "Asia/Kathmandu",
  "Asia/Kolkata",
  "Asia/Yangon",
  "Atlantic/Faroe",
  "Europe/Kyiv",
];

/** What an abbreviation mostly means. The runtime's own answer can lack daylight saving. */
const ABBREVIATIONS = new Map([
  ["BST", "Europe/London"],
  ["CEST", "Europe/Berlin"],
  ["CET", "Europe/Berlin"],
  ["CST", "America/Chicago or Asia/Shanghai"],
  ["EET", "Europe/Athens"],
  ["EST", "America/New_York"],
  ["GMT", "UTC or Europe/London"],
  ["IST", "Asia/Kolkata"],
  ["JST", "Asia/Tokyo"],
  ["MET", "Europe/Berlin"],
  ["MSK", "Europe/Moscow"],
  ["MST", "America/Denver"],
  ["PST", "America/Los_Angeles"],
  ["WET", "Europe/Lisbon"],
  ["Z", "UTC"],
]);

/** Cities that callers expect in the list. */
const CITIES = new Map([
  ["beijing", "Asia/Shanghai"],
  ["asia/beijing", "Asia/Shanghai"],
  ["shenzhen", "Asia/Shanghai"],
  ["asia/shenzhen", "Asia/Shanghai"],
]);

const IS_OFFSET = /^(?:utc|gmt)?\s*[+-]\s*\d/i;
/** A name with at most this many wrong letters gets a suggestion. */
const MOST_EDITS = 3;

/** undefined: a schedule can have this zone. Otherwise a sentence that says what to send. */
export function checkZone(name: string): string | undefined {
  const names = namesOf();
  if (names.includes(name)) return undefined;
  if (IS_OFFSET.test(name)) {
    return "TimeZone is an offset, which knows no daylight saving: send the name of a zone, such as Asia/Shanghai or UTC.";
  }
  const place = ABBREVIATIONS.get(name.toUpperCase());
  if (place) return `TimeZone is an abbreviation: send the name of a zone, such as ${place}.`;
  const canonical = canonicalOf(name);
  if (canonical !== undefined && name.includes("/") && isWritten(name)) return undefined;
  const near = sameName(name, names) ?? canonical ?? nearest(name, names);
  const advice = near ?? "one of the IANA list, such as Europe/Berlin or Asia/Shanghai";
  return `TimeZone is not the name of a time zone: send ${advice}.`;
}

let known: readonly string[] | undefined;

/** The runtime needs milliseconds to make its list. */
function namesOf(): readonly string[] {
  known ??= ["UTC", ...Intl.supportedValuesOf("timeZone"), ...RENAMED];
  return known;
}

/** The runtime ignores upper and lower case. undefined: it has no such zone. */
function canonicalOf(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/** Each part begins with an upper-case letter, as in `US/Eastern` and `Etc/GMT+8`. */
const isWritten = (name: string): boolean =>
  name.split("/").every((part) => /^[A-Z]/.test(part) && (part.length <= 6 || /[a-z]/.test(part)));

/** The same name in another case, or a city alone. */
function sameName(name: string, names: readonly string[]): string | undefined {
  const plain = name.trim().replace(/\s+/g, "_").toLowerCase();
  const city = CITIES.get(plain);
  if (city) return city;
  const same = names.find((known) => known.toLowerCase() === plain);
  return same ?? names.find((known) => known.toLowerCase().endsWith(`/${plain}`));
}

/** The most similar name. A short name is similar to too many. */
function nearest(name: string, names: readonly string[]): string | undefined {
  if (name.length < 5 || name.length > 40) return undefined;
  const [best] = names
    .map((known): [string, number] => [known, leven(name, known)])
    .sort(([, one], [, other]) => one - other);
  return best && best[1] <= MOST_EDITS ? best[0] : undefined;
}
