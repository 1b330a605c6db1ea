/** Asks the health function of a deployment. */
import type { Row, Verdict } from "../../shared/health/row.js";
import { isObject, type Json, parseObject } from "../../shared/json.js";
import type { OperatorTarget } from "./operator-target.js";
import { exchange, NoAnswer, readAnswer } from "./send.js";

export interface HealthAnswer {
  /** As it came. */
  body: Json;
  checks: Row[];
}

/** Throws NoAnswer, or an Error for a refusal. */
export async function readHealth({ url, key, nameOfUrl }: OperatorTarget): Promise<HealthAnswer> {
  const headers = { authorization: `Bearer ${key}`, accept: "application/json" };
  const { status, text } = await exchange(url, { method: "GET", headers });
  const body = parseObject(text);
  const checks = body?.["checks"];
  if (body && Array.isArray(checks) && checks.every(isRow)) return { body, checks };
  const { error, requestId } = readAnswer(text) ?? {};
  if (error && status === 401) {
    throw new Error(`${error.code}: ${error.message} (RequestId ${requestId ?? ""})`);
  }
  if (status >= 500) throw new NoAnswer(`${url.origin} answered HTTP ${status} without its rows`);
  throw new Error(
    `${url.href} is not the health function (HTTP ${status}): set ${nameOfUrl} to its URL`,
  );
}

const VERDICTS: readonly unknown[] = ["pass", "warn", "fail", "skip"] satisfies Verdict[];

const isRow = (row: unknown): row is Row =>
  isObject(row) &&
  typeof row["check"] === "string" &&
  typeof row["found"] === "string" &&
  VERDICTS.includes(row["verdict"]) &&
  (row["todo"] === undefined || typeof row["todo"] === "string");
