/**
 * Reads the headers of sources before the row of a start is written: for ProbeSource, and for the
 * lengths of items that do not say how long they are on air.
 */
import { SECOND_MS } from "../../clock.js";
import type { SourceMedia } from "../../contract/answers.js";
import type { NewIngest } from "../../store/ingests/new-row.js";
import type { Programme } from "../../store/programmes/programme-row.js";
import type { Call, Services } from "../services.js";
import { PROBE_RESERVE_MS } from "../timing.js";
import { probeSource } from "./probe-source.js";
import { isToLearn, type Learned, readItems } from "./read-items.js";

type StartCall = Call<"StartStreamIngest">;

/** No start loads the reader without need. */
export function readsSources({ request }: StartCall, { programme }: NewIngest): boolean {
  if (request.ProbeSource === true) return true;
  return programme?.items.some((item) => isToLearn(item, programme)) ?? false;
}

export async function readSources(
  services: Services,
  call: StartCall,
  row: NewIngest,
): Promise<Learned> {
  const { programme } = row;
  const timeLeftMs = readingTime(services, call, row);
  if (programme?.isList === true) {
    const isProbed = call.request.ProbeSource === true;
    const { caller, request } = call;
    const about = {
      action: "StartStreamIngest" as const,
      caller: caller.Id,
      room: request.RoomId,
    };
    return readItems(services, { programme, isProbed, timeLeftMs, about });
  }
  const { refusal, media } = await probeSource(services, { call, row, timeLeftMs });
  if (call.request.ProbeSource === true && refusal) return { refusal };
  return { media, ...(programme && { programme: withLength(programme, media) }) };
}

/** Where its length is not known, one source plays until the deadline. */
function withLength(programme: Programme, media: SourceMedia | null): Programme {
  const seconds = media?.DurationSeconds ?? null;
  const items = programme.items.map((item) =>
    isToLearn(item, programme) && seconds !== null ? { ...item, LengthSeconds: seconds } : item,
  );
  return { ...programme, items };
}

/** Headers of a source may take this long, even when its start is near. */
const READING_MIN_MS = 5 * SECOND_MS;

/** The call to TRTC has its time after the reading, and a near StartTime is kept. */
function readingTime(
  { clock }: Services,
  { timeLeftMs }: StartCall,
  { schedule }: NewIngest,
): () => number {
  const isNear = schedule !== undefined && schedule.heldUntil !== null;
  if (!isNear) return () => timeLeftMs() - PROBE_RESERVE_MS;
  const untilStartMs = schedule.startsAt.getTime() - clock.now().getTime();
  const endsAtMs = clock.elapsedMs() + Math.max(READING_MIN_MS, untilStartMs);
  return () => Math.min(timeLeftMs() - PROBE_RESERVE_MS, endsAtMs - clock.elapsedMs());
}
