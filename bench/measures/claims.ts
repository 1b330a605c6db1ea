/**
 * Claims as expire-ingests makes them: the next 20 that are due, from all rows. The number of
 * stored rows should not matter, so the same number is due among many rows and among few. Each
 * round claims all due rows and then, unmeasured, releases them.
 */
import { addMs, SECOND_MS } from "../../shared/clock.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { type Bench, median, percentile, takeTurns, timed } from "../measure.js";
import { goal, type Section } from "../results.js";
import { FIRST_DEADLINE, type Stored } from "../seed.js";

const CLAIMED = 20;

/** The number of due rows in both cases. */
export const DUE = 400;

/** All belong to one account here, and none is released before the last is claimed. */
const CLAIM = { leaseMs: 10 * SECOND_MS, accountMax: 2 * DUE, limit: CLAIMED };

export async function benchClaims(
  { quick, show }: Bench,
  { many, few }: Record<"many" | "few", Stored>,
): Promise<Section> {
  const opened = [many, few].map(({ databaseUrl, rows }) => ({
    name: `a claim of ${CLAIMED}, with ${rows.toLocaleString("en-US")} rows`,
    store: createStore(openPostgres(databaseUrl, { connectionsMax: 1 })),
  }));
  try {
    const outcomes = await takeTurns(
      opened.map(({ name, store }) => ({ name, run: () => claimAll(store) })),
      { rounds: quick ? 2 : 21, warmUps: 1, onRound: (line) => show(`claims, ${line}`) },
    );
    const rows = [...outcomes].map(([subject, rounds]) => {
      const times = rounds.flat();
      return { subject, figures: { p50Ms: median(times), p99Ms: percentile(times, 99) } };
    });
    const [ofMany = Number.NaN, ofFew = Number.NaN] = rows.map(({ figures }) => figures.p50Ms);
    const title = `store: claims, ${DUE} due`;
    const goals = [goal("a claim among many rows ÷ among few, p50", ofMany / ofFew, 1.5, "")];
    return { title, rows, ratios: [], goals };
  } finally {
    for (const { store } of opened) await store.close();
  }
}

async function claimAll(store: Store): Promise<number[]> {
  const at = addMs(FIRST_DEADLINE, (DUE - 1) * SECOND_MS);
  const times: number[] = [];
  const claimed: { taskId: string; fence: number }[] = [];
  while (claimed.length < DUE) {
    let page: typeof claimed = [];
    const claim = async () => {
      page = await store.ingests.claimDue({ ...CLAIM, at, horizonAt: at });
    };
    times.push(await timed(claim));
    if (page.length < CLAIMED) throw new Error(`A claim found ${page.length} that are due`);
    claimed.push(...page);
  }
  for (const { taskId, fence } of claimed) await store.ingests.release({ taskId, fence });
  return times;
}
