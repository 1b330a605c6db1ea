/**
 * DescribeCosts: what the ingests of all callers have cost on each day of UTC. An ingest counts when
 * it ends, on each day that it played.
 */
import { addMs, DAY_MS } from "../clock.js";
import { usdOf } from "../config/money/micro-usd.js";
import { minutesOf } from "../ingest/cost.js";
import type { Services } from "../ingest/services.js";
import { costsForOperator } from "../store/operator-costs.js";
import type { OperatorCall } from "./request.js";

/** Days without an ingest are there too, so that a chart has no gaps. */
export async function describeCosts(
  { store, clock }: Services,
  { request }: OperatorCall<"DescribeCosts">,
) {
  const { CallerId: callerId, SdkAppId: sdkAppId, Days: count } = request;
  const now = clock.now();
  const days = Array.from({ length: count }, (_, ago) =>
    dayOf(addMs(now, (ago + 1 - count) * DAY_MS)),
  );
  const filter = { callerId, sdkAppId, from: days[0] ?? dayOf(now) };
  const costs = await store.health.read((query) => costsForOperator(query, filter));
  const byDay = new Map(costs.map((cost) => [cost.day, cost]));
  return {
    Days: days.map((Day) => {
      const { microUsd, playedMs, ingests } = byDay.get(Day) ?? NOTHING_SPENT;
      return { Day, Usd: usdOf(microUsd), Minutes: minutesOf(playedMs), Ingests: ingests };
    }),
  };
}

const NOTHING_SPENT = { microUsd: 0, playedMs: 0, ingests: 0 };

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
