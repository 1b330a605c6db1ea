/**
 * Reads the items of a list, several at a time. An item without an end is refused, and so is one
 * that cannot be read and does not say how long it is on air. An item that there was no time for is
 * read again before its turn comes.
 */
import { ApiError } from "../../contract/errors.js";
import type { SourceMedia } from "../../contract/answers.js";
import type { SourceVerdict, SourceWords } from "../../media/reader.js";
import type { Programme, ProgrammeItem } from "../../store/programmes/programme-row.js";
import type { Services } from "../services.js";

const AT_ONCE_MAX = 8;

/** What the row of a start gets from its sources. */
export interface Learned {
  /** null: the source could not be checked, or there are several. */
  media?: SourceMedia | null;
  programme?: Programme;
  /** Set when TRTC would not play a source, or when an item has no end. */
  refusal?: ApiError;
}

/** An item whose end follows from its length. */
export function isToLearn(
  { PlaySeconds, RepeatNum, LengthSeconds }: ProgrammeItem,
  { isList }: Pick<Programme, "isList">,
): boolean {
  if (PlaySeconds !== undefined || RepeatNum === -1 || LengthSeconds === null) return false;
  // One source without a RepeatNum may be live. It plays until the deadline.
  return isList || RepeatNum !== undefined;
}

interface List {
  programme: Programme;
  /** The start asked for a judgement of all sources. */
  isProbed: boolean;
  timeLeftMs: () => number;
  /** For the log. */
  about: { action: "StartStreamIngest" | "UpdateStreamIngest"; caller: string; room: string };
  /** Names an item as the request does. */
  placeOf?: (index: number) => string;
}

const inPlaylist = (index: number): string => `Playlist[${index}]`;

export async function readItems(services: Services, list: List): Promise<Learned> {
  const { clock, log } = services;
  const beganMs = clock.elapsedMs();
  const { programme, isProbed, about, placeOf = inPlaylist } = list;
  const verdicts = await verdictsOf(services, list);
  const judged = programme.items.map((item, index) => {
    const verdict = verdicts.get(item.StreamUrl);
    return verdict ? judge(item, { place: placeOf(index), verdict, isProbed }) : { item };
  });
  const refusal = judged.find(isRefused)?.refusal;
  const count = verdicts.size;
  log({
    level: "info",
    ...about,
    outcome: "probed",
    probe: refusal ? "refused" : "ok",
    probeMs: Math.round(clock.elapsedMs() - beganMs),
    detail: refusal?.message ?? `Sources read: ${count}, for ${programme.items.length} items.`,
  });
  if (refusal) return { refusal };
  return { programme: { ...programme, items: judged.map(({ item }) => item) } };
}

/** Each source is read once. After a refusal no other reading begins. */
async function verdictsOf(
  { readSource }: Services,
  { programme, isProbed, timeLeftMs, placeOf = inPlaylist }: List,
): Promise<Map<string, SourceVerdict>> {
  const verdicts = new Map<string, SourceVerdict>();
  const waiting = programme.items
    .map((item, index) => ({ item, index }))
    .filter(({ item }) => isProbed || isToLearn(item, programme))
    .filter(({ item }, at, all) => all.findIndex((other) => isSame(other.item, item)) === at);
  let isOver = false;
  const readNext = async (): Promise<void> => {
    const next = isOver ? undefined : waiting.shift();
    if (!next) return;
    const { item, index } = next;
    const place = placeOf(index);
    const verdict = await readSource(item.StreamUrl, timeLeftMs(), wordsOf(item, place));
    verdicts.set(item.StreamUrl, verdict);
    isOver ||= isRefused(judge(item, { place, verdict, isProbed }));
    return readNext();
  };
  await Promise.all(Array.from({ length: AT_ONCE_MAX }, readNext));
  return verdicts;
}

const isSame = (one: ProgrammeItem, other: ProgrammeItem): boolean =>
  one.StreamUrl === other.StreamUrl;

const wordsOf = ({ PlaySeconds }: ProgrammeItem, place: string): SourceWords => ({
  field: `${place}.StreamUrl`,
  otherwise:
    PlaySeconds === undefined
      ? `send ${place}.PlaySeconds to let TRTC try it`
      : "leave ProbeSource out to let TRTC try it",
});

interface Judged {
  item: ProgrammeItem;
  refusal?: ApiError;
}

const isRefused = (judged: Judged): judged is Required<Judged> => judged.refusal !== undefined;

interface Reading {
  place: string;
  verdict: SourceVerdict;
  isProbed: boolean;
}

function judge(item: ProgrammeItem, { place, verdict, isProbed }: Reading): Judged {
  const { outcome, media, message = "" } = verdict;
  const needsLength = isToLearn(item, { isList: true });
  const refused = (text: string): Judged => ({
    item,
    refusal: new ApiError("InvalidParameter.StreamUrl", text),
  });
  if (outcome !== "ok" && outcome !== "not-checked") {
    return needsLength || isProbed ? refused(message) : { item };
  }
  const seconds = media?.DurationSeconds ?? 0;
  if (seconds > 0) return withLength(item, { place, seconds });
  if (!needsLength) return { item: media ? { ...item, LengthSeconds: null } : item };
  if (verdict.isCutShort) return { item };
  const why = outcome === "ok" ? "It is live, or its end was not found." : message;
  return refused(
    `The length of ${place}.StreamUrl is not known: ${why} Send PlaySeconds with the item.`,
  );
}

function withLength(
  item: ProgrammeItem,
  { place, seconds }: { place: string; seconds: number },
): Judged {
  const { SeekSecond = 0 } = item;
  if (SeekSecond < seconds) return { item: { ...item, LengthSeconds: seconds } };
  const message = `${place}.SeekSecond is behind the end of its media, which lasts ${seconds} seconds: send a smaller one.`;
  return { item, refusal: new ApiError("InvalidParameterValue", message) };
}
