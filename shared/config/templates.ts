/**
 * Templates in an operator's rule, filled with an object's names: `class-{name}` becomes `class-7`
 * for `in/7.mp4`.
 */
import { streamUrlFault } from "../contract/stream-url.js";

/** The value of each place in a template. */
export type Places = Readonly<Record<Place, string>>;

const PLACES = ["key", "name", "dir", "bucket"] as const;
type Place = (typeof PLACES)[number];

const PLACE = /\{([^{}]*)\}/g;

/** For the key `in/films/a.b.mp4` the name is `a.b` and the dir is `in/films`. */
export function placesOf({ bucket, key }: { bucket: string; key: string }): Places {
  const slash = key.lastIndexOf("/");
  const file = key.slice(slash + 1);
  const dot = file.lastIndexOf(".");
  return {
    key,
    bucket,
    dir: slash < 0 ? "" : key.slice(0, slash),
    name: dot > 0 ? file.slice(0, dot) : file,
  };
}

/** `written` encodes a value for its position. */
export const fillTemplate = (
  template: string,
  places: Places,
  written: (value: string) => string = (value) => value,
): string =>
  template.replace(PLACE, (whole, name: string) => (isPlace(name) ? written(places[name]) : whole));

/** Says what is wrong with a template. `undefined`: the template is right. */
export function templateFault(template: string): string | undefined {
  const rest = template.replace(PLACE, (whole, name: string) => (isPlace(name) ? "" : whole));
  if (!/[{}]/.test(rest)) return undefined;
  return `holds braces that are none of ${PLACES.map((name) => `{${name}}`).join(", ")}`;
}

/**
 * The same for a StreamUrl. Any uploader chooses an object's key. A place before the path would let
 * that key choose the host, the port or a user name.
 */
export function urlTemplateFault(template: string): string | undefined {
  const place = template.indexOf("{");
  if (place >= 0 && !/^[a-z]+:\/\/[^/?#]*\//i.test(template.slice(0, place))) {
    return "has a place before the first / of its path, where an object's key would choose the host: write the host out, and a / behind it";
  }
  const fragment = template.indexOf("#");
  if (fragment >= 0 && template.includes("{", fragment))
    return "has a place in its fragment, which no server receives";
  // The value may begin with hexadecimal digits, which would change the character after the %.
  if (/%[0-9a-f]?\{/i.test(template)) return "has a % before a place: write %25";
  return streamUrlFault(template.replace(PLACE, "x"));
}

const isPlace = (name: string): name is Place => PLACES.some((place) => place === name);
