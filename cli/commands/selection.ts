/** The ingests that a command works on: those of its TaskIds, or those that flags select. */
import { UsageError } from "../../local/terminal/command.js";
import type { Io } from "../../local/terminal/io.js";
import { attributeOf, fieldsOf, flagOf } from "../api/fields.js";
import { readRequest } from "../api/request.js";

/** Throws UsageError for TaskIds with a flag that selects as well. */
export function refuseBoth(taskIds: readonly string[], flags: object): void {
  const selecting = Object.keys(fieldsOf("ListStreamIngests"));
  const field = selecting.find((name) => Object.hasOwn(flags, attributeOf(name)));
  if (taskIds.length === 0 || field === undefined) return;
  throw new UsageError(
    `TaskIds and ${flagOf(field)} both say which ingests: send TaskIds, or flags such as ${flagOf(field)}`,
  );
}

/** A request of DescribeStreamIngest for each. All are checked before the first is sent. */
export async function describeRequests(taskIds: readonly string[], io: Io): Promise<object[]> {
  const requests: object[] = [];
  for (const TaskId of new Set(taskIds)) {
    const given = { flags: {}, positional: { TaskId } };
    requests.push(await readRequest("DescribeStreamIngest", given, io));
  }
  return requests;
}

/** Without flags: those that run. */
export const listRequest = (flags: object, io: Io): Promise<object> =>
  readRequest("ListStreamIngests", { flags: { state: "running", limit: "100", ...flags } }, io);
