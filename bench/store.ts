/** The measurements of the database with many rows, one after another. */
import { benchClaims, DUE } from "./measures/claims.js";
import { benchLateness } from "./measures/lateness.js";
import type { Bench } from "./measure.js";
import { benchReads } from "./measures/reads.js";
import type { Section } from "./results.js";
import { seed } from "./seed.js";
import { benchSlots } from "./measures/slots.js";
import { using } from "./stage.js";

const ROWS = 1_000_000;
const QUICK_ROWS = 100_000;

/** The small table that claims are compared with. */
const FEW_ROWS = 1000;

export async function benchStore(bench: Bench): Promise<Section[]> {
  const stage = await bench.stage();
  const databaseUrl = await stage.newDatabase("store");
  const rows = bench.quick ? QUICK_ROWS : ROWS;
  bench.show(`storing ${rows.toLocaleString("en-US")} rows`);
  await using(databaseUrl, ({ query }) => seed(query, rows));
  const many = { databaseUrl, rows };
  const few = { databaseUrl: await stage.newDatabase("few"), rows: FEW_ROWS };
  await using(few.databaseUrl, ({ query }) => seed(query, FEW_ROWS, DUE));
  // Claims come first: the reads start ingests, which would be due among the many rows only.
  const claims = await benchClaims(bench, { many, few });
  return [
    await benchReads(bench, many),
    claims,
    await benchSlots(bench, many),
    await benchLateness(bench, many),
  ];
}
