/**
 * The emulator's default switches, and the set with every switch reversed. Updates have no delay:
 * these tests read their effect at once.
 */
import type { Switches } from "../../../emulator/admin/switches.js";

type Undocumented = Partial<Omit<Switches, "callsPerSecond" | "concurrency">>;

export const BOTH_WAYS: readonly (readonly [name: string, switches: Undocumented])[] = [
  ["TRTC as we take it to be", {}],
  [
    "TRTC the other way round",
    {
      taskExistKey: "never",
      sameRobot: "interrupt",
      removedRobotEndsTask: false,
      taskSeenFrom: "own-region",
      naturalEndSends702: false,
      retrySends702: true,
      ingestEventGroup: 4,
      idleMeans: "never",
      updateRounds: "one",
      updatePosition: "keep",
      updateResolution: "refused",
      updateMovesRobot: true,
      updateSends701: true,
      sameUrlRestarts: true,
      updateAfterEnd: "status",
      endGraceSeconds: 5,
    },
  ],
];
