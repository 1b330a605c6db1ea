/** The lives of ingests under load: each starts, may move, and ends at its time or by a stop. */
import { addMs, MINUTE_MS, SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import { CN_APP } from "../../support/app/test-app.js";
import { makeRandom } from "../../simulation/random.js";
import type { Callers } from "./callers.js";

export interface Answer {
  TaskId: string;
  TrtcTaskId: string;
  UserId: string;
}

/** What an ingest was answered with success. */
export interface Accepted {
  /** Every answer that its token was given. */
  starts: Answer[];
  /** The StopTime of an update. */
  movedTo?: Date;
  /** The StreamUrl of an update. */
  switchedTo?: string;
  isStopped: boolean;
}

export interface Life {
  callers: Callers;
  emulatorUrl: string;
  /** A source without an end. */
  liveUrl: string;
  random: (from: number, to: number) => number;
}

/** Each draws on its own, so that the draws of one do not depend on who is faster. */
export function drawing(seed: number, who: number): Life["random"] {
  const random = makeRandom(seed * 1000 + who);
  return (from, to) => from + random.next() * (to - from);
}

export const systemSeed = (): number => clock.now().getTime() % 1_000_000;

/** An item of a list is on air for so long. */
const ITEM_SECONDS = 4;

const itemOf = (StreamUrl: string) => ({ StreamUrl, PlaySeconds: ITEM_SECONDS, RepeatNum: -1 });

/** Of quarters of them: a loop, a file that plays often, a live source, and a list. */
export async function liveLife(
  n: number,
  { callers, emulatorUrl, liveUrl, random }: Life,
): Promise<Accepted> {
  const { insist } = callers;
  const untilMs = clock.elapsedMs() + MINUTE_MS;
  const stopAt = addMs(clock.now(), random(5, 40) * SECOND_MS);
  const clip = `${emulatorUrl}/media/clip.mp4`;
  const other = `${emulatorUrl}/media/small.mov`;
  const kinds = [
    { StreamUrl: clip, RepeatNum: -1 },
    { StreamUrl: clip, RepeatNum: 1000 },
    { StreamUrl: liveUrl, RepeatNum: 1 },
    { Playlist: [clip, other].map(itemOf), PlaylistRepeatNum: -1 },
  ];
  const kind = kinds[n % kinds.length];
  const request = {
    SdkAppId: CN_APP,
    RoomId: `room-${n}`,
    RoomIdType: 0,
    ClientToken: `token-${n}`,
    StopTime: stopAt.toISOString(),
    ...kind,
  };
  const start = async () => {
    const answer = await insist("start-ingest", request, { untilMs, lateFrom: stopAt });
    return answer as Answer | undefined;
  };
  const accepted: Accepted = { starts: [], isStopped: false };
  const first = await start();
  if (!first) return accepted;
  accepted.starts.push(first);
  const { TaskId } = first;
  if (n % 5 === 0) {
    const moved = addMs(clock.now(), random(2, 30) * SECOND_MS);
    const update = { SdkAppId: CN_APP, TaskId, StopTime: moved.toISOString() };
    const lateFrom = moved < stopAt ? moved : stopAt;
    if (await insist("update-ingest", update, { untilMs, lateFrom })) accepted.movedTo = moved;
  }
  if (n % 5 === 1 && kind?.StreamUrl === clip) {
    const update = { SdkAppId: CN_APP, TaskId, StreamUrl: other };
    if (await insist("update-ingest", update, { untilMs, lateFrom: stopAt })) {
      accepted.switchedTo = other;
    }
  }
  if (n % 7 === 0) {
    const stop = { SdkAppId: CN_APP, TaskId };
    accepted.isStopped = (await insist("stop-ingest", stop, { untilMs })) !== undefined;
  }
  if (n % 3 !== 0) return accepted;
  const again = await start();
  if (again) accepted.starts.push(again);
  return accepted;
}
