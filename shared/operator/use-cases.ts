/** What an operator may ask for, of all callers: each action with its use case. */
import type { OperatorAction } from "../contract/operator-schemas.js";
import type { Services } from "../ingest/services.js";
import { describeCosts } from "./costs.js";
import { describeForOperator, timelineForOperator } from "./describe.js";
import { listIngestsOfAll } from "./list-ingests.js";
import { moveIngests } from "./move-ingests.js";
import { operatePlaced } from "./places/operate-placed.js";
import type { OperatorCall } from "./request.js";
import { listSchedulesOfAll, occurrencesForOperator, previewForOperator } from "./schedules.js";
import { stopIngests } from "./stop-ingests.js";

type OperatorUseCase<A extends OperatorAction> = (
  services: Services,
  call: OperatorCall<A>,
) => Promise<object>;

export type OperatorUseCases = { readonly [A in OperatorAction]: OperatorUseCase<A> };

export const operatorUseCases: OperatorUseCases = {
  ListIngests: listIngestsOfAll,
  DescribeIngest: describeForOperator,
  DescribeTimeline: timelineForOperator,
  StopIngests: stopIngests,
  MoveIngests: moveIngests,
  ListSchedules: listSchedulesOfAll,
  ListOccurrences: occurrencesForOperator,
  PreviewSchedule: previewForOperator,
  DescribeCosts: describeCosts,
};

export function callOperatorUseCase<A extends OperatorAction>(
  services: Services,
  useCases: OperatorUseCases,
  { action, call }: { action: A; call: OperatorCall<A> },
): Promise<object> {
  const useCase = useCases[action] as OperatorUseCase<A>;
  if (!services.places) return useCase(services, call);
  return operatePlaced(services, services.places, { action, call }, (placed, asked) =>
    useCase(placed, asked as OperatorCall<A>),
  );
}
