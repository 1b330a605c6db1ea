/**
 * Carries out a call in the database of its account, where a deployment has several. A function
 * loads this file when it needs it, so it shares no class of error with it.
 */
import { PAGE_LIMIT } from "../../contract/cursors.js";
import type { Action } from "../../contract/schemas.js";
import type { Places } from "../../store/places.js";
import type { Store } from "../../store/store.js";
import type { Call, CheckedCall, Services } from "../services.js";
import { findPlace } from "./find-place.js";
import { INGESTS, type ListOf, mergedPage, OCCURRENCES, SCHEDULES } from "./pages.js";
import { Elsewhere, startingOnce } from "./start-once.js";

type Work = (services: Services) => Promise<object>;

interface Placed extends CheckedCall {
  /** The databases of its accounts, at least one. */
  stores: readonly [Store, ...Store[]];
}

export async function callPlaced(
  services: Services,
  places: Places,
  checked: CheckedCall,
  work: Work,
): Promise<object> {
  const stores = storesOf(services, places, checked.call) as unknown as Placed["stores"];
  const placed = { ...checked, stores };
  const workIn = (store: Store) => work({ ...services, store });
  if (stores.length === 1) return workIn(stores[0]);
  if (checked.action === "StartStreamIngest") return startPlaced(placed, workIn);
  const has = rowOf(placed);
  if (has) return workWhereItIs(placed, has, workIn);
  const list = LISTS[checked.action];
  if (!list) return workIn(stores[0]);
  const pages = await Promise.all(stores.map(workIn));
  const { Limit = PAGE_LIMIT } = checked.call.request as { Limit?: number };
  return mergedPage(pages, list, Limit);
}

/** Without an application, all accounts of the caller count. */
function storesOf({ config }: Services, places: Places, { application, caller }: Call<Action>) {
  const accounts = application
    ? [application.Account]
    : caller.SdkAppIds.map((id) => config.applications.get(id)?.Account ?? "");
  return [...new Set(accounts.flatMap((account) => places.of(account)))];
}

const LISTS: { readonly [A in Action]?: ListOf } = {
  ListStreamIngests: INGESTS,
  ListIngestSchedules: SCHEDULES,
  ListIngestOccurrences: OCCURRENCES,
};

async function startPlaced(
  { stores: [store, ...others] }: Placed,
  workIn: (store: Store) => Promise<object>,
): Promise<object> {
  try {
    return await workIn(startingOnce(store, others));
  } catch (error) {
    if (error instanceof Elsewhere) return workIn(error.store);
    throw error;
  }
}

interface Named {
  TaskId?: string;
  ScheduleId?: string;
  Name?: string;
}

/** How to find the row that a request names; `undefined`: it names none. */
function rowOf({ action, call }: Placed): ((store: Store) => Promise<unknown>) | undefined {
  const request = call.request as Named;
  const callerId = call.caller.Id;
  const { TaskId: taskId, ScheduleId: scheduleId, Name: name } = request;
  if (taskId !== undefined) return (store) => store.ingests.find({ callerId, taskId });
  if (scheduleId !== undefined) {
    return (store) => store.schedules.read({ callerId, scheduleId });
  }
  // A repeat of a request finds the schedule that it has made.
  if (action !== "CreateIngestSchedule" || name === undefined) return undefined;
  return (store) => store.schedules.findByName({ callerId, name });
}

/** The row may move while the call is carried out. The call is then made once more, where it is. */
async function workWhereItIs(
  { stores }: Placed,
  has: (store: Store) => Promise<unknown>,
  workIn: (store: Store) => Promise<object>,
): Promise<object> {
  const place = await findPlace(stores, has);
  if (!place || place === stores[0]) return workIn(stores[0]);
  const [outcome] = await Promise.allSettled([workIn(place)]);
  const now = await findPlace(stores, has);
  if (now && now !== place) return workIn(now);
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
