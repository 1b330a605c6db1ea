/** Events in the platforms' forms. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type Event = Readonly<Record<string, unknown>>;

const fixture = (name: string): Event => {
  const file = fileURLToPath(new URL(`../../fixtures/http/${name}.json`, import.meta.url));
  return JSON.parse(readFileSync(file, "utf8")) as Event;
};

export const SCF = fixture("scf-function-url");
export const GATEWAY = fixture("scf-api-gateway");
export const AWS_URL = fixture("aws-function-url");
export const AWS_HTTP = fixture("aws-http-api");
export const AWS_REST = fixture("aws-rest-api");

export const PLATFORMS = [
  ["SCF function URL", SCF],
  ["SCF API gateway", GATEWAY],
  ["AWS Lambda function URL", AWS_URL],
  ["AWS HTTP API", AWS_HTTP],
  ["AWS REST API", AWS_REST],
] as const;
