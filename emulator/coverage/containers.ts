/** What the emulator reads in each container, and where TRTC may differ. */
export const CONTAINER_ROWS: readonly string[][] = [
  ["MP4, MOV: an index of up to 512 MB, in front or at the end", "plays, with ranges and without"],
  ["MP4, MOV: lengths of 64 bits; an old MOV without `ftyp`", "plays; TRTC may refuse"],
  ["MP4: several edits", "plays: as long as the movie header says"],
  ["MPEG-TS: packets of 188, 192, 204 bytes, begun inside one", "plays"],
  ["MPEG-TS: timestamps that wrap, or start again", "plays: a cut takes no time"],
  ["MPEG-TS: interlaced H.264", "plays in its full size; two fields are one frame"],
  ["MPEG-TS: AAC as ADTS or LATM", "plays"],
  ["MPEG audio of layer II, in MPEG-TS or alone", "`unsupported` as `mp2`; TRTC may play it"],
  ["MPEG-TS: several programmes", "plays the first that is described"],
  ["MP3: files joined, no header, tags between", "plays: over 16 MB the length is estimated"],
  ["FLV, MPEG-TS, WebM, MKV: no length in it", "plays: the end of the file is read"],
  ["MP3, MPEG-TS, WebM, MKV: no size from the server, no end in 2.5 s", "plays as live"],
  ["A track that is not played beside one that is", "plays the other; TRTC may refuse"],
  ["A Content-Length that is a little too long", "plays"],
];
