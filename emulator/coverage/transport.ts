/**
 * The servers and playlists that a source is read from. TRTC does not document its reader. The
 * emulator reads what players read, and the rows name the cases that TRTC may refuse.
 */
export const TRANSPORT_ROWS: readonly string[][] = [
  ["A server that answers ranges only, or none", "plays: `bytes=0-` first, and once more without"],
  ["An address that works once, or for one connection", "plays: read on from the first answer"],
  [
    "A token cookie that a playlist or a redirect sets",
    "plays: kept for one visit; TRTC may refuse",
  ],
  ["Header lines that end with LF, `ICY 200 OK`", "plays; TRTC may refuse"],
  ["A head of up to 64 kB", "plays; a larger one is `unreachable`"],
  ["HLS: a gap (`#EXT-X-GAP`)", "plays: not opened, counted in the length"],
  ["HLS: a live window whose oldest segments are gone", "plays, from near the live edge"],
  ["HLS: a variant that is not there", "plays the next one, four are tried"],
  ["HLS: subtitles in CODECS", "plays: they are not asked for"],
  ["HLS: default sound without a playlist", "plays the sound of the variant"],
  ["HLS: a line over 32,768 letters, over 500 variants", "`unsupported`"],
  ["RTMP: `/app/_definst_/…`, `/app/mp4:…`, `/app?query/…`", "plays the stream behind it"],
  ["RTMP: aggregate messages", "plays: the first 256 kB of each are read"],
  ["More than 16 sources at once, or 6 of one host", "the others wait, and hosts take turns"],
  ["A host in letters outside ASCII", "plays; the product asks for its `xn--` form"],
];
