/** HLS playlists, rewritten so that what they name comes through the relay as well. */

/** So many bytes tell a playlist from everything else, whatever its type says. */
export const PLAYLIST_MARK = "#EXTM3U";

/**
 * The playlist with every address of its own origin replaced. Others stay, made absolute: the relay
 * speaks to the server of the StreamUrl only, and a browser may well be let in elsewhere.
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
      // A tag has one at most; a line of thousands is there to cost time.
      return line.replace(
        /\bURI="([^"]*)"/,
        (_whole, address: string) => `URI="${replaced(address)}"`,
      );
    })
    .join("\n");
}
