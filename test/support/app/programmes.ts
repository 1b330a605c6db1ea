/** Programmes as rows hold them, for tests of the store and of pure functions. */
import type { OnAir, Programme } from "../../../shared/store/programmes/programme-row.js";
import { T0 } from "./ingests.js";

/** Three items of 10, 20 and 30 seconds, from T0 on. */
export const newProgramme = (change: Partial<Programme> = {}): Programme => ({
  items: [10, 20, 30].map((seconds) => ({
    StreamUrl: `https://example.com/${seconds}.mp4`,
    PlaySeconds: seconds,
  })),
  isList: true,
  rounds: 1,
  anchor: { at: T0.toISOString(), index: 0, round: 0, passedSeconds: 0 },
  onItemFailure: "Skip",
  fillerUrl: null,
  backupUrl: null,
  clearSeconds: 30,
  preference: "Primary",
  restartsPerHour: 12,
  hasOwnRobot: true,
  ...change,
});

/** The first item on air since `at`. */
export const onAirSince = (at: Date, change: Partial<OnAir> = {}): OnAir => ({
  source: "primary",
  index: 0,
  round: 0,
  since: at.toISOString(),
  taskSince: at.toISOString(),
  failed: {},
  restarts: 0,
  restartedAt: [],
  rolledOver: 0,
  ...change,
});
