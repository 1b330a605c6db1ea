/**
 * Two servers on a pair of databases, with TRTC's callbacks. Their timers run seldom: what a run
 * leaves undone waits for longer than a deadline may be late.
 */
import {
  localCallbackKey,
  localEnvironment,
} from "../../../local/environment/local-environment.js";
import { freePort } from "../../../local/environment/free-port.js";
import { SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import type { Environment } from "../../../shared/config/environment.js";
import { CN_APP } from "../../support/app/test-app.js";
import { type RunningProcess, startProcess } from "../../support/app/process.js";
import {
  type DatabasePair,
  type Replication,
  startPair,
} from "../../support/database/pair/pair.js";
import { type RtmpServer, startRtmpServer } from "../../support/media/rtmp-server.js";

const TICK_SECONDS = 20;
const TIMERS = {
  EXPIRY_TICK_SECONDS: String(TICK_SECONDS),
  EXPIRY_CRON: `*/${TICK_SECONDS} * * * * * *`,
  ADVANCE_TICK_SECONDS: "10",
  ADVANCE_CRON: "*/10 * * * * * *",
  SETTLE_CRON: "30 */1 * * * * *",
};

export interface ServersOnPair {
  pair: DatabasePair;
  emulator: RunningProcess;
  servers: RunningProcess[];
  live: RtmpServer;
  close: () => Promise<void>;
}

export async function startServersOnPair(
  replication: Replication,
  own: Environment = {},
): Promise<ServersOnPair> {
  const [pair, live, port] = await Promise.all([
    startPair(replication),
    startRtmpServer(),
    freePort(),
  ]);
  const emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" }, [
    ...["--callback-url", `http://127.0.0.1:${port}/room-callback`],
    ...["--callback-key", localCallbackKey(CN_APP)],
  ]);
  const env = { ...localEnvironment({ ...TIMERS, ...own }, emulator.url), DATABASE_URL: pair.url };
  const servers = await Promise.all(
    [port, 0].map((asked) => startProcess("server/serve.ts", { ...env, PORT: String(asked) })),
  );
  // A server that was just started has no run of its timers yet.
  const tickMs = TICK_SECONDS * SECOND_MS;
  await clock.sleep(tickMs - (clock.now().getTime() % tickMs) + SECOND_MS);
  return {
    pair,
    emulator,
    servers,
    live,
    async close() {
      await Promise.all(servers.map(({ end }) => end("SIGKILL")));
      await emulator.end("SIGTERM");
      await live.close();
      await pair.close();
    },
  };
}
