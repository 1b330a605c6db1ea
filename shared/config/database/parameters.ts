/** What a database's URL says besides its address. `pg` reads more spellings than a URL has. */
export const parametersOf = (url: string): URLSearchParams =>
  URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();

/** Where a URL contradicts DATABASE_CA. `place`: the variable, or the entry in it. */
export function caFault(place: string, url: string): string | undefined {
  const says = parametersOf(url);
  const weaker = ["sslmode=disable", "sslmode=no-verify", "ssl=0", "ssl=no-verify"].find((text) => {
    const [name = "", value] = text.split("=");
    return says.get(name) === value;
  });
  if (weaker !== undefined) {
    return `is set, but ${weaker} in ${place} checks no certificate: set sslmode=verify-full`;
  }
  if (!says.has("sslrootcert")) return undefined;
  return `is set, and so is sslrootcert in ${place}: remove one of them`;
}
