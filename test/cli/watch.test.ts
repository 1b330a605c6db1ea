/** `trtc-ingest watch`: live rows on a terminal, and a line for each change elsewhere. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { cli, watching } from "../support/cli.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { openLossyProxy, type LossyProxy } from "./lossy-proxy.js";

let app: TestApp;
let proxy: LossyProxy;
beforeAll(async () => {
  app = await startTestApp();
  proxy = await openLossyProxy(app.url);
});
afterAll(async () => {
  proxy.close();
  await app.close();
});

const env = () => ({ TRTC_INGEST_URL: proxy.url, TRTC_INGEST_KEY: KEY, NO_COLOR: "1" });

async function start(RoomId: string): Promise<string> {
  const fields = { SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: app.clip };
  const { response } = await app.post("start-ingest", { ...fields, RepeatNum: -1, MaxDuration: 5 });
  return String(response["TaskId"]);
}

const stop = (TaskId: string) => app.post("stop-ingest", { TaskId });

test("ends by itself once all that it watches have ended", async () => {
  const [one, two] = [await start("one"), await start("two")];
  const steps = [() => stop(one), () => stop(two)];

  const { code, out } = await cli(["watch", one, two], env(), watching(steps));

  expect([code, steps]).toEqual([0, []]);
  const states = out
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t").slice(1, 4));
  expect(states).toEqual([
    [one, "running", "one"],
    [two, "running", "two"],
    [one, "ended", "one"],
    [two, "ended", "two"],
  ]);
  expect(out).toMatch(/^20\S+Z\ting-/);
});

test("without TaskIds shows what runs until Ctrl-C, and draws the table again on a terminal", async () => {
  const taskId = await start("live");
  const steps = [() => undefined, () => stop(taskId)];
  const terminal = watching(steps, { terminal: 150 });

  const { code, out } = await cli(["watch", "--room-id", "live"], env(), terminal);

  expect(code).toBe(0);
  const frames = out.split("\u001b[2A\u001b[J");
  expect(frames).toHaveLength(3);
  for (const frame of frames.slice(0, 2)) {
    expect(frame).toMatch(new RegExp(`^TASK +STATE .*\n${taskId} +running +live .*\n$`));
  }
  expect(frames[2]).toBe("no ingests\n");
});

test("outlives a lost network, and prints the API's answers with --json", async () => {
  const taskId = await start("json");
  const nothing = () => undefined;
  // The two pauses between the three attempts come in between.
  const steps = [() => proxy.lose(3), nothing, nothing, () => stop(taskId)];

  const { code, out, err } = await cli(["watch", taskId, "--json"], env(), watching(steps));

  expect(code).toBe(0);
  expect(err).toContain("gave no answer");
  const states = out
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { Response: { State: string } }).Response.State);
  expect([states[0], states.at(-1)]).toEqual(["running", "ended"]);
});

test("ends with 1 at a refusal", async () => {
  const unknown = `ing-${"0".repeat(26)}`;

  const { code, out, err } = await cli(["watch", unknown], env(), watching([]));

  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/^FailedOperation\.TaskNotExist: .* \(RequestId .*\)\n$/);
});

test.each([
  [["watch", "--interval", "0"], "--interval must be a number of seconds from 1 to 9999"],
  [["watch", "two words"], "TaskId has the wrong form"],
])("%j ends with 2", async (args, words) => {
  const { code, err } = await cli(args, env(), watching([]));

  expect([code, err]).toEqual([2, expect.stringContaining(words)]);
});
