/** What is deployed: small, the same every time, and complete on its own. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { unzipSync } from "fflate";
import { bundleFunctions } from "../../deploy/build/bundle.js";
import { zipOf } from "../../deploy/build/zip.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";
import {
  type NotificationReceiver,
  startNotificationReceiver,
} from "../support/http/notification-receiver.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ZIP_MAX_BYTES = 128_000;

/** Windows in local times need Temporal, which Node.js does not have yet: 45 kB. */
const CALENDAR_MAX_BYTES = 180_000;
const WITH_CALENDAR = ["api.js", "cloud-event.js", "plan-schedules.js", "schedules.js"];
/** The console has the page as well, and what operators ask. */
const CONSOLE_MAX_BYTES = 256_000;
const maxOf = (file: string): number => {
  if (file === "console.js") return CONSOLE_MAX_BYTES;
  return WITH_CALENDAR.includes(file) ? CALENDAR_MAX_BYTES : ZIP_MAX_BYTES;
};

let folder: string;
let names: string[];
let files: Map<string, Uint8Array>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "build-test-"));
  names = await bundleFunctions({ root: ROOT, out: join(folder, "one") });
  files = await read("one");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(out: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of names)
    files.set(`${name}.js`, await readFile(join(folder, out, `${name}.js`)));
  return files;
}

test("each file is at most 128 kB zipped, 180 kB with the calendar, 256 kB with the page", () => {
  const sizes = [...files].map(
    ([file, bytes]) => [file, zipOf(new Map([[file, bytes]])).length] as const,
  );
  expect(sizes.filter(([file, bytes]) => bytes > maxOf(file))).toEqual([]);
  expect(sizes).toHaveLength(23);
});

test("the same sources give the same bytes, in the files and in the zip", async () => {
  await bundleFunctions({ root: ROOT, out: join(folder, "two") });
  const again = await read("two");
  expect(Buffer.from(zipOf(again)).equals(Buffer.from(zipOf(files)))).toBe(true);
  expect(Object.keys(unzipSync(zipOf(again)))).toEqual([...files.keys()]);
});

test("no function carries ajv's compiler, the embedded database, or another product's client", () => {
  for (const bytes of files.values()) {
    const text = Buffer.from(bytes).toString();
    // Texts that only these modules contain: an option of ajv's compiler, PGlite's file, another
    // product's host.
    for (const foreign of ["strictTypes", "pglite.wasm", "cvm.tencentcloudapi.com"]) {
      expect(text).not.toContain(foreign);
    }
    // Texts of left-out modules: a rare media type, an option of the Unicode host names, the
    // proxy's agent, and large decimal numbers.
    const leftOut = [
      "vnd.lotus-approach",
      "PROCESSING_OPTIONS",
      "Proxy-Authorization",
      "[BigNumber Error]",
    ];
    for (const foreign of leftOut) {
      expect(text).not.toContain(foreign);
    }
    expect(text).not.toContain(ROOT);
  }
});

test("no function carries migrations, or the builders of schemas that ours do not use", () => {
  for (const bytes of files.values()) {
    const text = Buffer.from(bytes).toString();
    expect(text).not.toContain("create table");
    expect(text).not.toContain("ExtendsResolverError");
  }
});

test.each([
  { what: "the reader of sources", file: "media-reader", texts: ["V_MPEG4/ISO/AVC", '"moof"'] },
  { what: "the push to a collector", file: "meter", texts: ["faas.invoke_duration"] },
  { what: "the engine of patterns", file: "pattern-engine", texts: ["RE2JSSyntaxException"] },
  { what: "Tencent's SDK", file: "trtc-sdk", texts: ["SDK_NODEJS_", "node-fetch"] },
])("$what is a file of its own, which no function carries", ({ file, texts }) => {
  const carriers = [...files].filter(([, bytes]) => {
    const content = Buffer.from(bytes).toString();
    return texts.some((text) => content.includes(text));
  });

  expect(carriers.map(([carrier]) => carrier)).toEqual([`${file}.js`]);
});

test("a file beside the functions has a source map", async () => {
  const map = await readFile(join(folder, "one", "media-reader.js.map"), "utf8");
  expect(map).toContain("shared/media/reader.ts");
});

test("loading a function loads no HTTP, no fetch and no web streams", async () => {
  const script = `
    const { handler } = require("./start-ingest.js");
    if (typeof handler !== "function") throw new Error("no handler");
    process.stdout.write(process.moduleLoadList.join(","));`;
  const cwd = join(folder, "one");
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { cwd });
  expect(stdout).toContain("NativeModule crypto");
  for (const unused of ["http", "https", "perf_hooks", "internal/webstreams/readablestream"]) {
    expect(stdout.split(",")).not.toContain(`NativeModule ${unused}`);
  }
  expect(stdout).not.toContain("deps/undici/undici");
  expect(stdout).not.toContain("NativeModule internal/http2/core");
});

describe("run from its zip alone,", () => {
  let app: TestApp;
  let receiver: NotificationReceiver;
  let bare: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startTestApp();
    receiver = await startNotificationReceiver();
    bare = join(folder, "bare");
    await mkdir(bare);
    for (const [file, bytes] of Object.entries(unzipSync(zipOf(files)))) {
      await writeFile(join(bare, file), bytes);
    }
    const local = localEnvironment({ DATABASE_URL: await newPostgresUrl() }, app.trtcUrl);
    const [caller] = JSON.parse(local["CALLERS"] ?? "") as [object];
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const notified = { ...caller, NotifyUrl: receiver.url, NotifySecrets: [secret] };
    env = { ...(local as Record<string, string>), CALLERS: JSON.stringify([notified]) };
  });
  afterAll(() => Promise.all([app.close(), receiver.close()]));

  /** One cold start: the function's file, one event, its answer. */
  async function invoke(name: string, event: unknown): Promise<Record<string, unknown>> {
    const script = `require("./${name}.js").handler(${JSON.stringify(event)}, { request_id: "cold" })
      .then((answer) => { process.stdout.write("\\nanswer " + JSON.stringify(answer)); process.exit(); })`;
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], {
      cwd: bare,
      env,
    });
    return JSON.parse(stdout.slice(stdout.lastIndexOf("\nanswer ") + 8)) as Record<string, unknown>;
  }

  const post = async (
    name: string,
    body: unknown,
    more: Record<string, string> = {},
  ): Promise<Record<string, unknown>> => {
    const headers = {
      authorization: "Bearer local-secret-key",
      "content-type": "application/json",
      ...more,
    };
    const event = { httpMethod: "POST", path: "/", headers, body: JSON.stringify(body) };
    const { statusCode, body: text } = await invoke(name, event);
    const { Response } = JSON.parse(String(text)) as { Response: Record<string, unknown> };
    return { statusCode, ...Response };
  };

  test("every function works from a cold start", async () => {
    const request = { SdkAppId: CN_APP, RoomId: "1", StreamUrl: app.clip, RepeatNum: -1 };
    const { TaskId, ...started } = await post("start-ingest", request);
    expect(started).toMatchObject({ statusCode: 200, RequestId: "cold" });
    const named = { SdkAppId: CN_APP, TaskId };
    expect(await post("describe-ingest", named)).toMatchObject({ State: "running" });
    expect(await post("update-ingest", { ...named, Volume: 1 })).toMatchObject({
      Status: "InProgress",
    });
    expect(await post("list-ingests", {})).toMatchObject({ Ingests: [{ TaskId }] });
    expect(await post("stop-ingest", named)).toMatchObject({ statusCode: 200 });
    expect(await post("describe-ingest", named)).toMatchObject({ EndReason: "stopped" });
    expect(await post("api", {})).toMatchObject({ Error: { Code: "InvalidAction" } });
    const page = await invoke("console", { httpMethod: "GET", path: "/", headers: {} });
    expect(page).toMatchObject({ statusCode: 200, body: expect.stringContaining("./app.js") });
    const script = await invoke("console", { httpMethod: "GET", path: "/app.js", headers: {} });
    expect(script).toMatchObject({ statusCode: 200, isBase64Encoded: false });
    const timer = {
      Type: "Timer",
      TriggerName: "expire",
      Time: "2026-01-01T00:00:00Z",
      Message: "",
    };
    expect(await invoke("expire-ingests", timer)).toMatchObject({ claimed: 0 });
  });

  test("a notification leaves from a cold start", async () => {
    const request = { SdkAppId: CN_APP, RoomId: "3", StreamUrl: app.clip, RepeatNum: -1 };
    const { TaskId } = await post("start-ingest", request);

    await invoke("deliver-notifications", { Type: "Timer", TriggerName: "deliver" });

    expect(receiver.taken()).toContainEqual(
      expect.objectContaining({ type: "ingest.started", subject: TaskId }),
    );
  });

  test("a start that asks for a probe loads the reader, and refuses as it does elsewhere", async () => {
    const asked = { SdkAppId: CN_APP, RoomId: "2", ProbeSource: true };
    const { TaskId } = await post("start-ingest", { ...asked, StreamUrl: app.clip });

    const described = await post("describe-ingest", { TaskId });
    expect(described).toMatchObject({ Media: { Container: "mp4", DurationSeconds: 4 } });

    const missing = { ...asked, StreamUrl: `${app.clip}.missing` };
    for (const name of ["start-ingest", "api"]) {
      const { Error: refusal } = await post(name, missing, { "x-tc-action": "StartStreamIngest" });
      expect(refusal).toMatchObject({
        Code: "InvalidParameter.StreamUrl",
        Message: expect.stringContaining("The server answers 404."),
      });
    }
  });

  test("the compiled checks refuse the same requests as ajv, with the same messages", async () => {
    const wrong = { SdkAppId: CN_APP, RoomId: "1", StreamUrl: "x", Volume: 1000 };
    const { Error: ahead } = await post("start-ingest", wrong);
    const { response } = await app.post("start-ingest", wrong);
    expect(ahead).toEqual(response.Error);
  });

  test("a wrong configuration is named in the log, and the caller gets InternalError only", async () => {
    const script = `require("./start-ingest.js").handler({ httpMethod: "POST" })`;
    const wrong = { ...env, CALLERS: "[{}]" };
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], {
      cwd: bare,
      env: wrong,
    });
    expect(stdout).toContain("CALLERS[0]");
    expect(JSON.parse(stdout.trim()) as object).toMatchObject({
      outcome: "InternalError",
      level: "error",
    });
  });
});
