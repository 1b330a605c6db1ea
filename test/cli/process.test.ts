/** `npx trtc-ingest` as a process in the checkout: its exit codes, its profiles file, and a closed pipe. */
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ROOT } from "../tiers/tiers.js";
import { CN_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";

let app: TestApp;
let folder: string;
beforeAll(async () => {
  app = await startTestApp();
  folder = mkdtempSync(join(tmpdir(), "cli-process-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await app.close();
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

const shell = (command: string, env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const set = { ...process.env, NODE_OPTIONS: "", HOME: folder, DATA_DIR: folder, ...env };
    execFile("sh", ["-c", command], { cwd: ROOT, env: set }, (error, out, err) => {
      resolve({ code: Number(error?.code ?? 0), out, err });
    });
  });

test("npx finds it, and a profiles file of mode 600 has the key", async () => {
  const path = join(folder, "profiles.json");
  writeFileSync(path, JSON.stringify({ default: { Url: app.url, Key: KEY } }), { mode: 0o600 });
  const env = { TRTC_INGEST_PROFILES: path };
  const body = `{"SdkAppId":${CN_APP},"RoomId":"npx","RoomIdType":0,"StreamUrl":"${app.clip}","MaxDuration":5}`;

  const started = await shell(`echo '${body}' | npx trtc-ingest start --json-body -`, env);
  const refused = await shell("npx trtc-ingest describe ing-0", env);
  const wrong = await shell("npx trtc-ingest strat", env);
  chmodSync(path, 0o644);
  const open = await shell("npx trtc-ingest list", env);

  expect(started).toMatchObject({ code: 0, out: expect.stringMatching(/^ing-\w{26}\trunning\t/) });
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("RequestId") });
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("did you mean start?") });
  expect(open).toMatchObject({ code: 2, out: "", err: expect.stringContaining("chmod 600") });
}, 180_000);

test("the npm scripts are the same commands", async () => {
  const help = await shell("npm run --silent report -- --help");
  const cli = await shell("npm run --silent cli -- help report");

  expect(help).toEqual(cli);
  expect(help).toMatchObject({ code: 0, out: expect.stringContaining("trtc-ingest report") });
});

test("a reader that closes the pipe ends it silently", async () => {
  const { out, err } = await shell("npx trtc-ingest --help | head -1");

  expect([out, err]).toEqual(["Usage: trtc-ingest <command> [options]\n", ""]);
});
