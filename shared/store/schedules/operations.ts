/** The operations on schedules, as one group of the store. */
import type { Database, Query } from "../engine/database.js";
import { countOccurrences, listOccurrences } from "./occurrences.js";
import {
  claimSchedules,
  dropOccurrences,
  markPlanned,
  planAgain,
  readOpenOccurrences,
  writeOccurrences,
} from "./planning.js";
import {
  countSchedules,
  findScheduleByName,
  listSchedules,
  listSchedulesInRoom,
  readSchedule,
} from "./schedules.js";
import { settleOccurrences } from "./settle.js";
import { cancelStarts, insertStarts } from "./starts.js";
import { forgetOccurrences, forgetSchedules, readDuties } from "./upkeep.js";
import { swapName, useName } from "../used-signatures.js";
import { findByToken, insertSchedule, lockSchedule, updateSchedule } from "./writes.js";

export const makeSchedules = ({ query, transaction }: Pick<Database, "query" | "transaction">) => ({
  read: readSchedule.bind(undefined, query),
  findByToken: findByToken.bind(undefined, query),
  findByName: findScheduleByName.bind(undefined, query),
  list: listSchedules.bind(undefined, query),
  count: countSchedules.bind(undefined, query),
  listInRoom: listSchedulesInRoom.bind(undefined, query),
  listOccurrences: listOccurrences.bind(undefined, query),
  countOccurrences: countOccurrences.bind(undefined, query),

  /** Runs `work` in one transaction. An error of `work` undoes everything. */
  transaction: <T>(work: (writes: ScheduleWrites) => Promise<T>): Promise<T> =>
    transaction((inside) => work(makeWrites(inside))),

  readDuties: readDuties.bind(undefined, query),
  planAgain: planAgain.bind(undefined, query),
  settle: settleOccurrences.bind(undefined, query),
  forgetOccurrences: forgetOccurrences.bind(undefined, query),
  forget: forgetSchedules.bind(undefined, query),
});

export type ScheduleWrites = ReturnType<typeof makeWrites>;

/** What a transaction does. It locks its schedules before it reads their occurrences. */
const makeWrites = (query: Query) => ({
  insert: insertSchedule.bind(undefined, query),
  lock: lockSchedule.bind(undefined, query),
  update: updateSchedule.bind(undefined, query),
  useName: useName.bind(undefined, query),
  swapName: swapName.bind(undefined, query),
  claim: claimSchedules.bind(undefined, query),
  readOpenOccurrences: readOpenOccurrences.bind(undefined, query),
  insertStarts: insertStarts.bind(undefined, query),
  cancelStarts: cancelStarts.bind(undefined, query),
  writeOccurrences: writeOccurrences.bind(undefined, query),
  dropOccurrences: dropOccurrences.bind(undefined, query),
  markPlanned: markPlanned.bind(undefined, query),
});
