/**
 * TRTC's events come late, twice and out of order. The outcome is the same for every order. The
 * histories are the emulator's own, of real tasks, and each goes to ingests that are alike.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { present } from "../../shared/ingest/present.js";
import type { ReportedMediaState } from "../../shared/store/ingests/media.js";
import type { Services } from "../../shared/ingest/services.js";
import { bytesOf } from "../../emulator/callbacks/bodies.js";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { serveBytes } from "../../emulator/serve-bytes.js";
import { type CallbackReceiver, startCallbackReceiver } from "../support/http/callback-receiver.js";
import { answerTo, callbackEvent, dismissed, OK, source } from "../support/http/callbacks.js";
import { CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";
import { startMediaServer } from "../support/media/media-server.js";
import { countedBy, type ManualClock, manualClock } from "../support/app/manual-clock.js";
import fc, { cases } from "../support/properties.js";
import { nextRoom } from "../support/app/rooms.js";

const RUNS = cases(30);

let clock: ManualClock;
let app: TestApp;
let services: Services;
let receiver: CallbackReceiver;

beforeAll(async () => {
  clock = manualClock();
  receiver = await startCallbackReceiver("key");
  const callback = { callbackUrl: receiver.url, callbackKey: "key" };
  app = await startTestApp({
    clock,
    emulator: {
      switches: { callsPerSecond: 100_000 },
      applications: DEFAULT_APPLICATIONS.map((each) => ({ ...each, ...callback })),
    },
  });
  const { store, trtc } = app.services;
  services = { ...app.services, store: countedBy(clock, store), trtc: countedBy(clock, trtc) };
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});

/** Starts one ingest and waits for this many events. It returns the row and the events. */
async function history(fields: object, callbacks: number, meanwhile?: (named: object) => unknown) {
  receiver.clear();
  const RoomId = nextRoom();
  const request = { SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: app.clip, ...fields };
  const { response } = await clock.advanceUntilDone(app.post("start-ingest", request));
  const started = String(response["TaskId"]);
  for (let n = 0; n < 100 && receiver.received.length < callbacks; n += 1) {
    await clock.advance(SECOND_MS);
    if (n === 20) await meanwhile?.({ SdkAppId: CN_APP, TaskId: started, RoomId, ...response });
  }
  const bodies = (await receiver.until(callbacks)).map(({ raw }) => raw);
  const [row] = await app.database.query("select * from ingest where task_id = $1", [started]);
  return { started, row: row ?? {}, bodies };
}

/** Resets the ingest to its state before any event, and sends the events. */
async function outcomeOf(
  { started, row }: Awaited<ReturnType<typeof history>>,
  bodies: readonly Buffer[],
) {
  const columns = Object.keys(row).filter((name) => name !== "due_at" && name !== "task_id");
  const values = columns.map((name) => (name === "play" ? JSON.stringify(row[name]) : row[name]));
  const set = columns.map((name, index) => `${name} = $${index + 2}`).join(", ");
  await app.database.query(`update ingest set ${set} where task_id = $1`, [started, ...values]);
  // Time stands still, so outcomes are comparable. No slot would become free again.
  await app.database.query("delete from call_slot");
  for (const body of bodies) {
    const answering = answerTo(services, callbackEvent(body));
    expect(await clock.advanceUntilDone(answering)).toEqual(OK);
  }
  const ingest = await app.services.store.ingests.read(started);
  if (!ingest) throw new Error("the ingest is gone");
  const { EndTime, Cost: _cost, ...outcome } = present(ingest, ingest.createdAt);
  // A check that is made again takes the next slot, five milliseconds later.
  return { ...outcome, EndTime: EndTime?.slice(0, "2026-01-01T00:00:00".length) };
}

const shuffledWithCopies = (bodies: readonly Buffer[]) =>
  fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: bodies.length, maxLength: bodies.length })
    .map((copies) => bodies.flatMap((body, n) => Array<Buffer>(copies[n] ?? 1).fill(body)))
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }));

async function hold(played: Awaited<ReturnType<typeof history>>, state: object): Promise<void> {
  const inOrder = await outcomeOf(played, played.bodies);
  expect(inOrder).toMatchObject(state);
  await fc.assert(
    fc.asyncProperty(shuffledWithCopies(played.bodies), async (bodies) => {
      expect(await outcomeOf(played, bodies)).toEqual(inOrder);
    }),
    { numRuns: RUNS },
  );
}

const removeRobot = ({ RoomId, UserId }: Record<string, string>) =>
  app.services.trtc.call("RemoveUserByStrRoomId", {
    target: { account: "cn", host: "emulator", region: "ap-guangzhou" },
    request: { SdkAppId: CN_APP, RoomId: RoomId ?? "", UserIds: [UserId ?? ""] },
    timeLeftMs: 5000,
  });

describe("callbacks in any order and number lead to the same result", () => {
  test("of a clip that plays to its end", async () => {
    const played = await history({ RepeatNum: 3 }, 6);
    await hold(played, { State: "ended", EndReason: "finished", MediaState: "playing" });
  });

  test("of a source that cannot be opened", async () => {
    const played = await history({ StreamUrl: `${app.clip}-missing`, RepeatNum: 1 }, 12);
    await hold(played, { State: "ended", EndReason: "failed" });
  });

  test("of a loop whose source cannot be opened", async () => {
    const fields = { StreamUrl: `${app.clip}-missing`, RepeatNum: -1, MaxDuration: 60 };
    await hold(await history(fields, 12), { State: "ended", EndReason: "failed" });
  });

  test("of a loop whose source opens at the last attempt", async () => {
    const media = await startMediaServer();
    const clip = Buffer.from(await (await fetch(app.clip)).arrayBuffer());
    const thereAt = addMs(clock.now(), 2 * SECOND_MS);
    media.put("/late.mp4", (request, response) => {
      if (clock.now() < thereAt) response.writeHead(404).end();
      else serveBytes({ request, response }, { bytes: clip, type: "video/mp4" });
    });
    const fields = { StreamUrl: media.urlOf("/late.mp4"), RepeatNum: -1, MaxDuration: 60 };
    // Two events of the room, three failures with their retries, and the success.
    await hold(await history(fields, 9), { State: "running", MediaState: "playing" });
    await media.close();
  });

  test("of a loop whose robot is removed from the room", async () => {
    const out = (named: object) => removeRobot(named as Record<string, string>);
    const played = await history({ RepeatNum: -1, MaxDuration: 60 }, 6, out);
    await hold(played, { State: "ended", EndReason: "stopped" });
  });

  test("of a running loop whose source fails at times", async () => {
    const played = await history({ RepeatNum: -1, MaxDuration: 60 }, 3);
    await clock.advance(2 * MINUTE_MS);
    const task = String(played.row["trtc_task_id"]);
    const at = (seconds: number) => addMs(clock.now(), (seconds - 100) * SECOND_MS);
    const troubles = [
      ...[source(task, 1, at(0)), source(task, 2, at(0)), source(task, 0, at(1))],
      ...[source(task, 1, at(40)), source(task, 2, at(41)), source(task, 0, at(42))],
      ...[source(task, 1, at(70)), source(task, 2, at(70))],
    ];
    const withTroubles = { ...played, bodies: [...played.bodies, ...troubles] };
    await hold(withTroubles, { State: "running", MediaState: "retrying" });
  });

  test("of a dismissed room whose robots return", async () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 3, 1], { minLength: 6, maxLength: 6 });
    const property = fc.asyncProperty(order, async (indexes) => {
      // Each order has an ingest of its own, because the stop is real.
      const played = await history({ RepeatNum: -1, MaxDuration: 60 }, 3);
      await clock.advance(MINUTE_MS);
      const closed = dismissed(String(played.row["room_id"]), clock.now());
      const bodies = [...played.bodies, closed];
      const outcome = await outcomeOf(
        played,
        indexes.map((index) => bodies[index] ?? closed),
      );
      expect(outcome).toMatchObject({
        State: "ended",
        EndReason: "stopped",
        MediaState: "playing",
      });
    });
    await fc.assert(property, { numRuns: cases(10) });
  });
});

test("callbacks about a source in any order and number count the same failures", async () => {
  const { started, row } = await history({ RepeatNum: -1, MaxDuration: 60 }, 3);
  const { store } = app.services;
  const base = clock.now();
  const media = fc.constantFrom("playing", "retrying", "failed", "failed", "failed");
  const events = fc.array(fc.record({ media, second: fc.nat({ max: 40 }) }), { maxLength: 8 });
  const named = { sdkAppId: CN_APP, trtcTaskId: String(row["trtc_task_id"]) };
  const outcomeOfAll = async (all: readonly { media: ReportedMediaState; second: number }[]) => {
    await app.database.query(
      "update ingest set media_state = null, media_at = null, media_failures = '{}', failures_after = null",
    );
    for (const { media: state, second } of all) {
      const eventAt = addMs(base, second * SECOND_MS);
      await store.roomEvents.recordTaskEvent({ ...named, media: state, eventAt, at: base });
    }
    return store.ingests.read(started);
  };
  await fc.assert(
    fc.asyncProperty(
      events.chain((all) =>
        fc.tuple(
          fc.constant(all.toSorted((one, other) => one.second - other.second)),
          fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length }),
        ),
      ),
      async ([inOrder, shuffled]) => {
        expect(await outcomeOfAll(shuffled)).toEqual(await outcomeOfAll(inOrder));
      },
    ),
    { numRuns: cases(100) },
  );
});

test("the comparison finds a difference", async () => {
  const played = await history({ RepeatNum: 3 }, 6);
  const complete = await outcomeOf(played, played.bodies);
  const without = played.bodies.filter((body) => !body.includes("701"));
  expect(without.length).toBe(played.bodies.length - 1);
  expect(await outcomeOf(played, without)).not.toEqual(complete);
  expect(bytesOf(JSON.parse(String(played.bodies[0])) as object)).toEqual(played.bodies[0]);
});
