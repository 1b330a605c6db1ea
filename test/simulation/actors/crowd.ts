/**
 * One caller with a crowd of ingests, and other callers of the same account with one each. It has
 * its own random stream, so it shifts no other.
 */
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import type { Random } from "../random.js";
import { CALLER_IDS, CROWD } from "./settings.js";
import { streamUrl } from "../platform/sources.js";
import type { Story } from "./workload.js";

/** The crowd's deadlines, or its starts, fall on one instant. */
export type CrowdShape = "starts" | "deadlines";

const STORY = { region: undefined, againAfterMs: [], retries: 0, deeds: [], asksLater: false };

interface Place {
  callerId: string;
  atMs: number;
  stopMs: number;
  name: string;
}

const story = ({ callerId, atMs, stopMs, name }: Place): Story => ({
  ...STORY,
  callerId,
  atMs,
  stopsUnheardAfterMs: undefined,
  request: {
    RoomId: "lobby",
    RoomIdType: 0,
    RepeatNum: -1,
    StreamUrl: streamUrl(null, name),
    StopTime: addMs(new Date(stopMs), 0).toISOString(),
    ClientToken: name,
  },
});

export function drawCrowd(random: Random, startMs: number): Story[] {
  const shape = random.pick<CrowdShape>(["starts", "deadlines"]);
  const count = random.between(60, 120);
  const instantMs = startMs + random.between(100, 200) * SECOND_MS;
  const beginsMs = (spreadMs: number) =>
    shape === "starts" ? instantMs : startMs + random.between(0, spreadMs);
  const endsMs = () =>
    shape === "deadlines" ? instantMs : instantMs + random.between(60, 240) * SECOND_MS;
  const crowd = Array.from({ length: count }, (_, n) =>
    story({ callerId: CROWD, atMs: beginsMs(30_000), stopMs: endsMs(), name: `c${n + 1}` }),
  );
  const behindMs = random.between(1, 1500);
  const single = CALLER_IDS.map((callerId, n) =>
    story({
      callerId,
      atMs: shape === "starts" ? instantMs + behindMs : startMs + 35 * SECOND_MS,
      stopMs: shape === "deadlines" ? instantMs + behindMs : endsMs() + 10 * SECOND_MS,
      name: `single${n + 1}`,
    }),
  );
  return [...crowd, ...single];
}
