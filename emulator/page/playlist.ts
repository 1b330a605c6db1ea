/** Rewrites HLS playlists so that their addresses lead through the relay too. */

/** These bytes identify a playlist. Its content type does not count. */
export const PLAYLIST_MARK = "#EXTM3U";

/**
 * Returns the playlist with every address of its own origin replaced. Other addresses become
 * absolute: the relay contacts the StreamUrl's server only, and other servers may allow browsers.
 */
export function rewritePlaylist(
  text: string,
  { base, relayed }: { base: string; relayed: (url: string) => string },
): string {
  const { origin } = new URL(base);
  const replaced = (address: string): string => {
    if (!URL.canParse(address, base)) return address;
    const url = new URL(address, base);
    return url.origin === origin ? relayed(url.href) : url.href;
  };
  return text
    .split(/\r?\n/)
    .map((line) => {
      if (!line.startsWith("#")) return line.trim() === "" ? line : replaced(line.trim());
      // A tag has one address at most. A line with thousands is an attack.
      return line.replace(
        /\bURI="([^"]*)"/,
        (_whole, address: string) => `URI="${replaced(address)}"`,
      );
    })
    .join("\n");
}
