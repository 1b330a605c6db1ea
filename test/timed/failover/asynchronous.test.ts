/**
 * What asynchronous replication can lose: the primary dies a second after its standby has stopped
 * receiving. TRTC then plays tasks that no row knows.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readTruth, type TaskTruth } from "../../../local/emulator-truth.js";
import { addMs, MINUTE_MS, SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { CN_APP, post } from "../../support/app/test-app.js";
import { describeWith } from "../../support/needed.js";
import { POSTGRES_BIN } from "../../support/programs.js";
import { ingestRows, untilAllEnded } from "../load/agreement.js";
import { type ServersOnPair, startServersOnPair } from "./servers.js";

const POSTGRES = {
  isThere: POSTGRES_BIN !== undefined,
  program: "PostgreSQL (apt-get install postgresql-15)",
};

/** In the second that is lost. */
const STARTS = 10;

interface Started {
  TaskId: string;
  TrtcTaskId: string;
  UserId: string;
}

describeWith(POSTGRES, "an asynchronous pair", () => {
  let running: ServersOnPair;
  beforeAll(async () => {
    running = await startServersOnPair("asynchronous");
  }, 2 * MINUTE_MS);
  afterAll(() => running.close());

  const ask = (functionName: string, body: object) =>
    post(`${running.servers[0]?.url ?? ""}/${functionName}`, { SdkAppId: CN_APP, ...body });
  const requestOf = (n: number, StopTime: string) => ({
    RoomId: `room-${n}`,
    RoomIdType: 0,
    ClientToken: `token-${n}`,
    StreamUrl: `${running.emulator.url}/media/clip.mp4`,
    RepeatNum: -1,
    StopTime,
  });
  const start = async (n: number, StopTime: string) => {
    const { status, response } = await ask("start-ingest", requestOf(n, StopTime));
    expect(status).toBe(200);
    return response as unknown as Started;
  };
  const truthOf = async ({ TrtcTaskId }: Started): Promise<TaskTruth | undefined> =>
    (await readTruth(running.emulator.url).tasks()).find(({ taskId }) => taskId === TrtcTaskId);

  test(
    "loses what was answered last: a robot plays on to TRTC's own cap, and a repeat brings another one",
    async () => {
      const { pair } = running;
      const stopAt = addMs(clock.now(), MINUTE_MS).toISOString();
      const before = [await start(100, stopAt), await start(101, stopAt)] as const;
      await clock.sleep(SECOND_MS);

      const receivers = pair.standby().processesOf("walreceiver");
      expect(receivers).toHaveLength(1);
      for (const pid of receivers) process.kill(pid, "SIGSTOP");
      const started = await Promise.all(Array.from({ length: STARTS }, (_, n) => start(n, stopAt)));
      const moved = addMs(clock.now(), 20 * SECOND_MS).toISOString();
      const edits = [
        await ask("update-ingest", { TaskId: before[0].TaskId, StopTime: moved }),
        await ask("stop-ingest", { TaskId: before[1].TaskId }),
      ];
      expect(edits.map(({ status }) => status)).toEqual([200, 200]);
      await clock.sleep(SECOND_MS);
      const failover = pair.failOver({ detectMs: 2 * SECOND_MS, isEarly: false });
      await clock.sleep(SECOND_MS);
      // It ends before it reads what its primary had sent.
      for (const pid of receivers) {
        process.kill(pid, "SIGTERM");
        process.kill(pid, "SIGCONT");
      }
      await failover;

      const database = openPostgres(pair.url);
      const rows = await ingestRows(database.query);
      const known = new Set(rows.map(({ taskId }) => taskId));
      const lost = started.filter(({ TaskId }) => !known.has(TaskId));
      expect(lost).toHaveLength(STARTS);
      const [moving, stopping] = before.map(({ TaskId }) =>
        rows.find(({ taskId }) => taskId === TaskId),
      );
      expect(moving?.deadlineAt.toISOString()).toBe(stopAt);
      expect(stopping?.state).toBe("running");

      const [one, other] = lost;
      if (!one || !other) throw new Error("nothing was lost");
      expect((await ask("describe-ingest", { TaskId: one.TaskId })).response.Error?.Code).toBe(
        "FailedOperation.TaskNotExist",
      );
      const again = await start(started.indexOf(one), stopAt);
      expect(again.TaskId).not.toBe(one.TaskId);
      expect(again.UserId).not.toBe(one.UserId);
      expect((await truthOf(one))?.state).toBe("playing");

      const heard = await database.query("select * from unclaimed_task");
      const early = await Promise.all(lost.map(truthOf));
      expect(early.filter((task) => task?.state === "playing")).toHaveLength(STARTS);

      await untilAllEnded(database.query);
      const ended = await ingestRows(database.query);
      const reasonOf = ({ TaskId }: Started) =>
        ended.find(({ taskId }) => taskId === TaskId)?.endReason;
      await clock.sleep(5 * SECOND_MS);
      const unclaimed = await database.query("select * from unclaimed_task");
      const playing = await Promise.all(lost.map(truthOf));
      await database.close();
      expect(reasonOf(before[0])).toBe("expired");
      expect(["expired", "lost", "stopped"]).toContain(reasonOf(before[1]));
      const late = playing.filter((task) => task?.state === "playing");
      process.stdout.write(
        `\n${lost.length} of ${STARTS} starts of the last two seconds were lost, and all played on; TRTC told of ${heard.length} while ` +
          `they played and of ${unclaimed.length} by their end; ${late.length} played past their StopTime by over 5 s; ` +
          `the lost stop ended as ${reasonOf(before[1]) ?? "nothing"}\n`,
      );
    },
    5 * MINUTE_MS,
  );
});
