/** Which deployment `trtc-ingest` calls, with which key, and which settings it refuses. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { readOperatorTarget } from "../../cli/api/operator-target.js";
import { readTarget } from "../../cli/api/target.js";
import { readCallbackAddress } from "../../cli/callbacks/address.js";
import type { Environment } from "../../shared/config/environment.js";

const SECRET = "a-secret-that-no-message-shows";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-target-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function profilesFile(content: unknown, mode = 0o600): Environment {
  const path = join(folder, "profiles.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return { TRTC_INGEST_PROFILES: path, DATA_DIR: folder };
}

const PROFILES = {
  default: { Url: "https://usual.example", Key: SECRET },
  china: {
    Url: "https://cn.example/api",
    SecretId: "AKID",
    SecretKey: SECRET,
    Region: "ap-guangzhou",
  },
};

const variables = (changes: Environment = {}): Environment => ({
  TRTC_INGEST_URL: "https://env.example",
  TRTC_INGEST_KEY: SECRET,
  TRTC_INGEST_PROFILES: join(folder, "none.json"),
  DATA_DIR: folder,
  ...changes,
});

async function refusal(env: Environment, flags = {}): Promise<string> {
  const error: unknown = await readTarget(env, flags).catch((thrown: unknown) => thrown);
  if (!(error instanceof Error)) throw new Error("it was not refused");
  expect(error.name).toBe("UsageError");
  expect(error.message).not.toContain(SECRET);
  return error.message;
}

describe("the deployment", () => {
  test("comes from the variables", async () => {
    expect(await readTarget(variables(), {})).toEqual({
      url: new URL("https://env.example"),
      key: { kind: "bearer", key: SECRET },
      region: "ap-singapore",
    });
  });

  test("comes from the profile that a flag names, before the variables", async () => {
    const env = { ...variables(), ...profilesFile(PROFILES) };

    expect(await readTarget(env, { profile: "china" })).toEqual({
      url: new URL("https://cn.example/api"),
      key: { kind: "tc3", secretId: "AKID", secretKey: SECRET },
      region: "ap-guangzhou",
    });
  });

  test("comes from the profile that a variable names, or from default", async () => {
    const env = profilesFile(PROFILES);

    const named = await readTarget({ ...env, TRTC_INGEST_PROFILE: "china" }, {});
    const usual = await readTarget(env, {});

    expect([named.url.host, usual.url.host]).toEqual(["cn.example", "usual.example"]);
  });

  test("is this machine's run with --local, with the first key of CALLERS", async () => {
    const CALLERS = JSON.stringify([{ Id: "me", SecretKeys: [SECRET], SdkAppIds: [1] }]);
    const env = variables({ PORT: "3456", CALLERS });

    expect(await readTarget(env, { local: true })).toMatchObject({
      url: new URL("http://127.0.0.1:3456"),
      key: { key: SECRET },
    });
  });

  test("is the same for every command where variables and profiles disagree", async () => {
    const profile = { Url: "https://p.example", Key: SECRET, OperatorKey: SECRET };
    const TRTC_APPS = JSON.stringify([{ SdkAppId: 1, SecretKey: SECRET, CallbackKeys: ["k"] }]);
    const env: Environment = {
      ...profilesFile({ default: { ...profile, CallbackUrl: "https://p.example" } }),
      ...{ TRTC_APPS, TRTC_INGEST_KEY: SECRET, TRTC_INGEST_OPERATOR_KEY: SECRET },
    };
    const hosts = async (changes: Environment) => {
      const set = { ...env, ...changes };
      const targets = [readTarget, readOperatorTarget, readCallbackAddress];
      const read = await Promise.allSettled(targets.map((target) => target(set, {})));
      return read.map((result) =>
        result.status === "fulfilled" ? result.value.url.host : (result.reason as Error).message,
      );
    };

    expect(await hosts({})).toEqual(["p.example", "p.example", "p.example"]);
    expect(await hosts({ TRTC_INGEST_URL: "https://v.example" })).toEqual([
      "v.example",
      "v.example",
      "the URL of the function room-callback is missing: set TRTC_INGEST_CALLBACK_URL, or --url",
    ]);
    expect(await hosts({ TRTC_INGEST_HEALTH_URL: "https://v.example" })).toEqual([
      "the URL of the api function is missing: set TRTC_INGEST_URL",
      "v.example",
      "the URL of the function room-callback is missing: set TRTC_INGEST_CALLBACK_URL, or --url",
    ]);
    expect(await hosts({ TRTC_INGEST_CALLBACK_URL: "https://v.example" })).toEqual([
      "the URL of the api function is missing: set TRTC_INGEST_URL",
      "the URL of the api function is missing: set TRTC_INGEST_URL",
      "v.example",
    ]);
  });

  test("is on this machine without TLS", async () => {
    const env = variables({ TRTC_INGEST_URL: "http://localhost:3000" });

    expect((await readTarget(env, {})).url.port).toBe("3000");
  });
});

describe("refused is", () => {
  test("--local with --profile", async () => {
    const message = await refusal(variables(), { local: true, profile: "china" });

    expect(message).toBe("--local and --profile name two deployments: keep one of them");
  });

  test("nothing at all, with what to set", async () => {
    const message = await refusal({ HOME: folder, DATA_DIR: folder });

    expect(message).toContain("set TRTC_INGEST_URL and TRTC_INGEST_KEY");
  });

  test.each([0o644, 0o640, 0o604, 0o660])("a profiles file of mode %o", async (mode) => {
    const env = profilesFile(PROFILES, mode);

    const message = await refusal(env);

    expect(message).toContain(`run chmod 600 ${env["TRTC_INGEST_PROFILES"] ?? ""}`);
    chmodSync(env["TRTC_INGEST_PROFILES"] ?? "", 0o600);
    expect((await readTarget(env, {})).url.host).toBe("usual.example");
  });

  test.each<[what: string, content: unknown, words: string]>([
    ["no JSON", `{"default":{"Key":"${SECRET}"`, "is not a file of profiles"],
    ["a list", [SECRET], "is not a file of profiles"],
    ["a profile that is a text", { default: SECRET }, "is not a file of profiles"],
    ["an unknown field", { default: { Url: "https://a", Secret: SECRET } }, "has no field Secret"],
    ["a number", { default: { Url: 1, Key: SECRET } }, "Url of the profile default must be a text"],
    [
      "no key",
      { default: { Url: "https://a.example" } },
      "a key is missing: set Key of the profile",
    ],
  ])("a profiles file with %s", async (_, content, words) => {
    expect(await refusal(profilesFile(content))).toContain(words);
  });

  test("an unknown profile, with the names that exist", async () => {
    const message = await refusal(profilesFile(PROFILES), { profile: "prod" });

    expect(message).toContain("has no profile prod: name one of default, china");
  });

  test.each<[what: string, changes: Environment, words: string]>([
    [
      "http to another machine",
      { TRTC_INGEST_URL: "http://a.example" },
      "must be the URL of the api",
    ],
    ["a URL that is a key", { TRTC_INGEST_URL: SECRET }, "must be the URL of the api function"],
    [
      "a key in the URL",
      { TRTC_INGEST_URL: `https://me:${SECRET}@a.example` },
      "neither a user nor",
    ],
    [
      "a query",
      { TRTC_INGEST_URL: `https://a.example?key=${SECRET}` },
      "neither a user nor a query",
    ],
    ["two kinds of keys", { TRTC_INGEST_SECRET_KEY: SECRET }, "are both set: keep one of them"],
    [
      "half a key",
      { TRTC_INGEST_KEY: "", TRTC_INGEST_SECRET_KEY: SECRET },
      "a key is missing: set TRTC_INGEST_KEY, or TRTC_INGEST_SECRET_ID and TRTC_INGEST_SECRET_KEY",
    ],
  ])("%s", async (_, changes, words) => {
    expect(await refusal(variables(changes))).toContain(words);
  });
});
