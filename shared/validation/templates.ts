/**
 * What an operator's rule says of a stored object, with the object's own names put in:
 * `class-{name}` of `in/7.mp4` is `class-7`.
 */

/** By its place in a template. */
export type Places = Readonly<Record<Place, string>>;

const PLACES = ["key", "name", "dir", "bucket"] as const;
type Place = (typeof PLACES)[number];

const PLACE = /\{([^{}]*)\}/g;

/** `in/films/a.b.mp4` is the key; `a.b` the name, `in/films` the dir. */
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

/** `written`: how a value is spelled where it goes. */
export const fillTemplate = (
  template: string,
  places: Places,
  written: (value: string) => string = (value) => value,
): string =>
  template.replace(PLACE, (whole, name: string) => (isPlace(name) ? written(places[name]) : whole));

/** What is wrong with a template, in words; `undefined`: nothing. */
export function templateFault(template: string): string | undefined {
  const rest = template.replace(PLACE, (whole, name: string) => (isPlace(name) ? "" : whole));
  if (!/[{}]/.test(rest)) return undefined;
  return `holds braces that are none of ${PLACES.map((name) => `{${name}}`).join(", ")}`;
}

const isPlace = (name: string): name is Place => PLACES.some((place) => place === name);
