/** The functions that are deployed, and the demo, on each version of Node.js that is supported. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bundleFunctions } from "../../deploy/build/bundle.js";
import { zipOf } from "../../deploy/build/zip.js";
import { runBare } from "../../deploy/rehearsal/bare-function.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { nodeOf } from "../support/app/node-versions.js";
import { runScript } from "../support/app/process.js";
import { CN_APP, startTestApp, type TestApp } from "../support/app/test-app.js";
import { newPostgresUrl } from "../support/database/databases.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let folder: string;
let zip: Uint8Array;
let app: TestApp;
let variables: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "node-versions-test-"));
  const names = await bundleFunctions({ root: ROOT, out: folder });
  const files = names.map(async (name) => {
    const file = `${name}.js`;
    return [file, await readFile(join(folder, file))] as const;
  });
  zip = zipOf(new Map(await Promise.all(files)));
  app = await startTestApp();
  const env = localEnvironment({ DATABASE_URL: await newPostgresUrl() }, app.trtcUrl);
  variables = Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
});

afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

describe.each([20, 22, 24])("Node.js %i", (major) => {
  let nodePath: string;
  beforeAll(async () => {
    nodePath = await nodeOf(major);
  }, 300_000);

  /** One request to a function out of the zip, in a process of its own. */
  async function post(name: string, body: object): Promise<Record<string, unknown>> {
    const headers = {
      authorization: "Bearer local-secret-key",
      "content-type": "application/json",
    };
    const event = { httpMethod: "POST", path: "/", headers, body: JSON.stringify(body) };
    const target = {
      name,
      handler: `${name}.handler`,
      zip,
      variables,
      region: "ap-guangzhou",
      timeoutSeconds: 30,
      memoryMegabytes: 256,
      nodePath,
    };

    const { answer, log } = await runBare(target, event);

    if (answer === undefined) throw new Error(`${name} gave no answer: ${log}`);
    const { body: text } = JSON.parse(answer) as { body: string };
    return (JSON.parse(text) as { Response: Record<string, unknown> }).Response;
  }

  test("starts, describes and stops an ingest from the zip", async () => {
    const start = {
      SdkAppId: CN_APP,
      RoomId: String(major),
      RoomIdType: 0,
      StreamUrl: app.clip,
      RepeatNum: -1,
    };

    const { TaskId } = await post("start-ingest", start);
    const named = { SdkAppId: CN_APP, TaskId };
    const running = await post("describe-ingest", named);
    await post("stop-ingest", named);
    const ended = await post("describe-ingest", named);

    expect(running).toMatchObject({ State: "running" });
    expect(ended).toMatchObject({ State: "ended", EndReason: "stopped" });
  });

  test("runs the demo", async () => {
    const { code, output } = await runScript("local/demo.ts", {}, [], nodePath);

    expect([code, output]).toEqual([0, expect.stringContaining("all as promised")]);
  }, 180_000);
});
