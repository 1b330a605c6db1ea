/**
 * Whatever is behind an http or https address. Its first bytes say what it is, whatever its name. A
 * playlist, an FLV stream and a file are read on from there. A file is also read by ranges, when
 * that is not enough.
 */
import type { Media } from "../media.js";
import { boundedFetch, type Visitor } from "./bounded-fetch.js";
import type { Budget } from "../budget.js";
import { readFile, readIndexed } from "../file.js";
import { isFlv, readFlv } from "../flv/flv.js";
import { isMatroska, readMatroska } from "../matroska/read.js";
import { framingOf, TS_HEAD_BYTES } from "../mpegts/packets.js";
import { readTransportStream } from "../mpegts/read.js";
import { openRemote } from "./remote.js";
import { editedSeconds, hasFragments, isMovie, readMovieIndex } from "../movie-index.js";
import { findFrame, hasTag, MP3_HEAD_BYTES, readMp3 } from "../mp3.js";
import { isPlaylist, readHls } from "../hls/hls.js";
import { oneVisit } from "./one-visit.js";

const HEAD_BYTES = 16;

/** The short index of a fragmented film fits. */
const INDEX_HEAD_BYTES = 16 * 1024;

/** Throws a SourceError, or an error that the budget explains. */
export async function readHttp(
  streamUrl: string,
  budget: Budget,
  visitor: Visitor,
): Promise<Media> {
  const fetch = boundedFetch(budget, visitor);
  const response = await fetch(streamUrl);
  const bytes = openRemote(response, {
    url: streamUrl,
    budget,
    fetch: boundedFetch({ ...budget, noteFailure: () => undefined }, visitor),
  });
  const head = await bytes.peek(HEAD_BYTES);
  if (isFlv(head)) return readFlv(bytes, budget);
  if (isPlaylist(head)) return readHls({ url: response.url, bytes }, { budget, fetch });
  if (framingOf(await bytes.peek(TS_HEAD_BYTES))) return readTransportStream(bytes, budget);
  if (isMovie(head) && !hasFragments(await bytes.peek(INDEX_HEAD_BYTES))) {
    const index = await readMovieIndex(bytes);
    await bytes.close();
    if (!index) return readFile(streamUrl, { budget, fetch });
    const media = await readIndexed(index, budget);
    return { ...media, durationSeconds: editedSeconds(index) ?? media.durationSeconds };
  }
  if (isMatroska(head)) {
    const media = await readMatroska(bytes, budget);
    if (media) return media;
  } else if (hasTag(head) || findFrame(await bytes.peek(MP3_HEAD_BYTES))) {
    const media = await readMp3(bytes, budget);
    return media ?? readFile(streamUrl, { budget, fetch });
  }
  const readOn = oneVisit({ url: streamUrl, response, bytes }, { budget, fetch });
  return readFile(streamUrl, { budget, fetch: readOn });
}
