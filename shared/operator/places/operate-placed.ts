/** Carries out what an operator asks in the databases that have the rows, where there are several. */
import type { OperatorAction } from "../../contract/operator-schemas.js";
import { findPlace } from "../../ingest/places/find-place.js";
import {
  INGESTS,
  type ListOf,
  mergedPage,
  OCCURRENCES,
  SCHEDULES,
} from "../../ingest/places/pages.js";
import type { Services } from "../../ingest/services.js";
import type { Places } from "../../store/places.js";
import type { Store } from "../../store/store.js";
import type { OperatorCall } from "../request.js";
import { inPlacesOfTasks } from "./by-task.js";
import { sumOfCosts } from "./costs-of-all.js";

type AnyCall = OperatorCall<OperatorAction>;

export interface PlacedAction {
  action: OperatorAction;
  call: AnyCall;
}

const LISTS: { readonly [A in OperatorAction]?: ListOf & { limit: number } } = {
  ListIngests: { ...INGESTS, limit: 100 },
  ListSchedules: { ...SCHEDULES, limit: 100 },
  ListOccurrences: { ...OCCURRENCES, limit: 20 },
};

export async function operatePlaced(
  services: Services,
  { all }: Places,
  { action, call }: PlacedAction,
  useCase: (services: Services, call: AnyCall) => Promise<object>,
): Promise<object> {
  const stores = all.map(({ store }) => store);
  const workIn = (store: Store, asked = call) => useCase({ ...services, store }, asked);
  const { request } = call;
  if ("TaskIds" in request)
    return inPlacesOfTasks(stores, request.TaskIds, (store, TaskIds) =>
      workIn(store, { ...call, request: { ...request, TaskIds } }),
    );
  const has = rowOf(request);
  if (has) return workIn((await findPlace(stores, has)) ?? (stores[0] as Store));
  const answers = await Promise.all(stores.map((store) => workIn(store)));
  if (action === "DescribeCosts") return sumOfCosts(answers);
  const list = LISTS[action];
  if (!list) return answers[0] as object;
  const { Limit = list.limit } = request as { Limit?: number };
  return { ...mergedPage(answers, list, Limit), ...countsOf(answers) };
}

function rowOf(request: AnyCall["request"]): ((store: Store) => Promise<unknown>) | undefined {
  if ("TaskId" in request) return (store) => store.ingests.read(request.TaskId);
  if (!("ScheduleId" in request)) return undefined;
  const { ScheduleId: scheduleId, CallerId: callerId } = request;
  return (store) => store.schedules.read({ callerId, scheduleId });
}

interface Counts {
  Live: number;
  Troubled: number;
}

/** Of ListIngests alone. */
function countsOf(answers: readonly object[]): { Counts?: Counts } {
  const counts = answers.flatMap((answer) => ("Counts" in answer ? (answer.Counts as Counts) : []));
  if (counts.length === 0) return {};
  const sum = (name: keyof Counts) => counts.reduce((total, count) => total + count[name], 0);
  return { Counts: { Live: sum("Live"), Troubled: sum("Troubled") } };
}
