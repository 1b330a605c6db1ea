/** The ready requests of requests/, each sent in its order to what `npm start` runs. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LOCAL_CALLER } from "../../local/environment/local-environment.js";
import { type LocalRuntime, startLocal } from "../../local/runtime.js";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import {
  sendBruno,
  sendHttpFile,
  sendPostman,
  type Sent,
  type Variables,
} from "../support/contract/sent-requests.js";
import { document, operations } from "../support/contract/openapi-document.js";

let runtime: LocalRuntime;
let variables: Variables;
beforeAll(async () => {
  runtime = await startLocal({ env: {}, port: 0, trtcPort: 0, log: () => undefined });
  variables = {
    url: runtime.url,
    streamUrl: `${runtime.trtcUrl}/media/clip.mp4`,
    key: LOCAL_CALLER.SecretKey,
    operatorKey: LOCAL_CALLER.SecretKey,
  };
  const isReady = async () => (await fetch(`${runtime.url}/ready`)).status === 200;
  const giveUpMs = clock.elapsedMs() + 30 * SECOND_MS;
  while (!(await isReady()) && clock.elapsedMs() < giveUpMs) await clock.sleep(200);
});
afterAll(() => runtime.close());

/** What the document has: its actions, and the operations without a body. */
const names = (): string[] => {
  const actions = Object.keys(
    document.paths["/"]?.["post"]?.requestBody.content["application/json"]?.examples ?? {},
  ).map((name) => name.replace(/:.*$/, ""));
  const others = operations
    .filter(({ method }) => method === "get")
    .map(({ operation }) => operation.operationId);
  return [...new Set([...actions, ...others])].sort();
};

test.each<[format: string, sendAll: (set: Variables) => Promise<Sent[]>]>([
  ["requests.http", sendHttpFile],
  ["the Bruno collection", sendBruno],
  ["the Postman collection", sendPostman],
])("%s has a request for each action, and each of them succeeds", async (_, sendAll) => {
  const answers = await sendAll(variables);

  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(answers.filter(({ body }) => body.includes('"Error"'))).toEqual([]);
  expect(answers.map(({ name }) => name).sort()).toEqual(names());
  const bodies = new Map(answers.map(({ name, body }) => [name, body]));
  expect(bodies.get("DescribeStreamIngest")).toContain('"State":"running"');
  expect(bodies.get("SkipIngestOccurrence")).toContain('"State":"Skipped"');
});
