/** The operations on schedules, as one group of the model. */
import type { ScheduleWrites } from "../../../../shared/store/schedules/operations.js";
import type { Store } from "../../../../shared/store/store.js";
import type { Carry } from "../../platform/statements.js";
import type { Tables } from "../tables.js";
import { swapName, useName } from "../used-signatures.js";
import { countOccurrences, listOccurrences } from "./occurrences.js";
import {
  cancelStarts,
  claimSchedules,
  dropOccurrences,
  insertStarts,
  markPlanned,
  planAgain,
  readOpenOccurrences,
  writeOccurrences,
} from "./planning.js";
import {
  countSchedules,
  findByToken,
  findScheduleByName,
  insertSchedule,
  listSchedules,
  listSchedulesInRoom,
  lockSchedule,
  readSchedule,
  updateSchedule,
} from "./schedules.js";
import { forgetOccurrences, forgetSchedules, readDuties, settleOccurrences } from "./settle.js";

export function makeSchedules(tables: Tables, carry: Carry): Store["schedules"] {
  const statement =
    <P extends unknown[], R>(name: string, run: (tables: Tables, ...parameters: P) => R) =>
    (...parameters: P): Promise<R> =>
      carry(`schedules.${name}`, () => run(tables, ...parameters));

  return {
    read: statement("read", readSchedule),
    findByToken: statement("findByToken", findByToken),
    findByName: statement("findByName", findScheduleByName),
    list: statement("list", listSchedules),
    count: statement("count", countSchedules),
    listInRoom: statement("listInRoom", listSchedulesInRoom),
    listOccurrences: statement("listOccurrences", listOccurrences),
    countOccurrences: statement("countOccurrences", countOccurrences),
    // It arrives as a whole and fails as a whole, so nothing comes between its statements.
    transaction: (work) =>
      carry("schedules.transaction", () => atomically(tables, () => work(makeWrites(tables)))),
    readDuties: statement("readDuties", readDuties),
    planAgain: statement("planAgain", planAgain),
    settle: statement("settle", settleOccurrences),
    forgetOccurrences: statement("forgetOccurrences", forgetOccurrences),
    forget: statement("forget", forgetSchedules),
  };
}

/** An error leaves the tables as they were. */
async function atomically<T>(tables: Tables, work: () => Promise<T>): Promise<T> {
  const { changed } = tables;
  const ingests = new Map(tables.ingests);
  const schedules = new Map(tables.schedules);
  const occurrences = new Map(tables.occurrences);
  const signatures = new Map(tables.signatures);
  const count = changed?.length ?? 0;
  try {
    return await work();
  } catch (error) {
    Object.assign(tables, {
      ingests,
      schedules,
      occurrences,
      signatures,
      changed: changed?.slice(0, count),
    });
    throw error;
  }
}

function makeWrites(tables: Tables): ScheduleWrites {
  const statement =
    <P extends unknown[], R>(run: (tables: Tables, ...parameters: P) => R) =>
    (...parameters: P): Promise<R> =>
      new Promise((resolve) => resolve(run(tables, ...parameters)));

  return {
    insert: statement(insertSchedule),
    useName: statement(useName),
    swapName: statement(swapName),
    lock: statement(lockSchedule),
    update: statement(updateSchedule),
    claim: statement(claimSchedules),
    readOpenOccurrences: statement(readOpenOccurrences),
    insertStarts: statement(insertStarts),
    cancelStarts: statement(cancelStarts),
    writeOccurrences: statement(writeOccurrences),
    dropOccurrences: statement(dropOccurrences),
    markPlanned: statement(markPlanned),
  };
}
