/** What the database does with many rows stored: the parts, one after another. */
import { benchClaims } from "./claims.js";
import { benchLateness } from "./lateness.js";
import type { Bench } from "./measure.js";
import { benchReads } from "./reads.js";
import type { Section } from "./results.js";
import { seed } from "./seed.js";
import { benchSlots } from "./slots.js";
import { using } from "./stage.js";

const ROWS = 1_000_000;
const QUICK_ROWS = 100_000;

export async function benchStore(bench: Bench): Promise<Section[]> {
  const stage = await bench.stage();
  const databaseUrl = await stage.newDatabase("store");
  const rows = bench.quick ? QUICK_ROWS : ROWS;
  bench.show(`storing ${rows.toLocaleString("en-US")} rows`);
  await using(databaseUrl, ({ query }) => seed(query, rows));
  const of = { databaseUrl, rows };
  return [
    await benchReads(bench, of),
    await benchClaims(bench, of),
    await benchSlots(bench, of),
    await benchLateness(bench, of),
  ];
}
