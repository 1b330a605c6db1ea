/**
 * Granting slots. All instances share an account's row, so the measurement shows how fast they can
 * take turns on it. An account and action gets 20 slots in 1.1 s.
 */
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { type Bench, median, percentile, takeTurns, timed } from "../measure.js";
import type { Section } from "../results.js";
import type { Stored } from "../seed.js";

/** Slots far in the future are granted too, because this measurement does not wait for them. */
const WAIT_MAX_MS = 1e9;

export async function benchSlots(
  { quick, show }: Bench,
  { databaseUrl }: Stored,
): Promise<Section> {
  const slots = quick ? 160 : 800;
  const opened = [1, 8].map((connections) => ({
    connections,
    store: createStore(openPostgres(databaseUrl, { connectionsMax: connections })),
  }));
  try {
    const outcomes = await takeTurns(
      opened.map(({ connections, store }) => ({
        name: connections === 1 ? "by one connection" : `by ${connections} connections at once`,
        run: () => takeSlots(store, { slots, connections }),
      })),
      { rounds: quick ? 2 : 11, warmUps: 1, onRound: (line) => show(`slots, ${line}`) },
    );
    const rows = [...outcomes].map(([subject, rounds]) => {
      const slotsMs = rounds.flatMap(({ eachMs }) => eachMs);
      const figures = {
        perSecond: median(rounds.map(({ perSecond }) => perSecond)),
        p50Ms: median(slotsMs),
        p99Ms: percentile(slotsMs, 99),
      };
      return { subject, figures };
    });
    return { title: "store: slots of one account", rows, ratios: [], goals: [] };
  } finally {
    for (const { store } of opened) await store.close();
  }
}

async function takeSlots(
  store: Pick<Store, "slots">,
  { slots, connections }: { slots: number; connections: number },
): Promise<{ perSecond: number; eachMs: number[] }> {
  const request = { account: "slots", action: "StopStreamIngest", waitMaxMs: WAIT_MAX_MS };
  const eachMs: number[] = [];
  const worker = async () => {
    for (let left = slots / connections; left > 0; left -= 1) {
      eachMs.push(
        await timed(async () => {
          if (!(await store.slots.take(request))) throw new Error("A slot was refused");
        }),
      );
    }
  };
  const ms = await timed(() => Promise.all(Array.from({ length: connections }, worker)));
  return { perSecond: (slots * 1000) / ms, eachMs };
}
