/** Costs by day, as the database has them: of a caller's own ingests, or of all for an operator. */
import { call } from "./call.js";
import type { Session } from "./session.js";
import type { CostDay } from "./types.js";

/** The oldest first, without gaps, up to the server's present day. Days are of UTC. */
export async function costDays({ kind, key }: Session, count: number): Promise<CostDay[]> {
  const path = kind === "caller" ? "./costs" : "./operator";
  const asked = { path, key, action: "DescribeCosts", body: { Days: count } };
  return (await call<{ Days: CostDay[] }>(asked)).Days;
}
