/** The faults that `npm run doctor` finds in a configuration without a network. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  list,
  openDoctorHarness,
  OWN_APP,
  OWN_CALLER,
  type DoctorHarness,
} from "../support/app/doctor-harness.js";

let harness: DoctorHarness;
beforeAll(async () => {
  harness = await openDoctorHarness();
});
afterAll(() => harness.close());

describe("the check of variables", () => {
  test("shows every mistake with its place", async () => {
    const { ok, named } = await harness.examineHere({
      CALLERS: JSON.stringify([OWN_CALLER, { ...OWN_CALLER, SecretKeys: [] }, { Id: 7 }]),
      TRTC_APPS: "[{",
      TRTC_ACCOUNTS: "",
      TRTC_TIMEOUT_SECONDS: "soon",
      TRTC_ENDPOINT: "nowhere",
      DATABASE_URL: "mysql://me:hidden-password@db",
    });
    expect(ok).toBe(false);
    expect(named("CALLERS")).toMatchObject([
      { verdict: "fail", found: expect.stringMatching(/^CALLERS\[1\]: .*\nCALLERS\[2\]: /) },
    ]);
    for (const name of ["TRTC_APPS", "TRTC_TIMEOUT_SECONDS", "TRTC_ENDPOINT", "DATABASE_URL"]) {
      const rows = named(name).filter(({ check }) => check === name);
      expect(rows).toMatchObject([{ verdict: "fail", found: expect.stringContaining(name) }]);
    }
    expect(named("UserSig")).toMatchObject([{ verdict: "skip" }]);
    expect(named("published")).toMatchObject([{ verdict: "skip" }]);
    expect(named("database")).toMatchObject([{ verdict: "skip" }]);
  });

  test("fails for a caller with an unknown application, and for two callers with one key", async () => {
    const twin = { ...OWN_CALLER, Id: "twin", SdkAppIds: [1] };
    const { named } = await harness.examineHere({ CALLERS: JSON.stringify([OWN_CALLER, twin]) });
    expect(named("CALLERS")[0]?.found.split("\n")).toEqual([
      "CALLERS[1]: SdkAppId 1 is not in TRTC_APPS",
      "CALLERS[0] and CALLERS[1] share a SecretKey",
    ]);
  });

  test("fails when a deployment has no DATABASE_URL", async () => {
    const { ok, named } = await harness.examineHere({ DATABASE_URL: "" });
    expect(ok).toBe(false);
    expect(named("DATABASE_URL")).toMatchObject([
      { check: "DATABASE_URL", verdict: "fail" },
      { check: "DATABASE_URLS", verdict: "pass" },
    ]);
  });

  test("names a misspelt variable with its right name, and ignores variables of other programs", async () => {
    const misspelt = { CALLER: "x", TRTC_APP: "x", DATABASE_URI: "x", TRTC_REGION: "x" };
    const { bad } = await harness.examineHere({
      ...misspelt,
      COLORS: "x",
      PGUSER: "postgres",
      TRTC_PORT: "1",
    });
    const results = bad.map(({ check, verdict, todo }) => [check, verdict, todo]);
    for (const [name, right] of [
      ["CALLER", "CALLERS"],
      ["TRTC_APP", "TRTC_APPS"],
      ["DATABASE_URI", "DATABASE_URL"],
    ]) {
      expect(results).toContainEqual([name, "warn", `did you mean ${right ?? ""}?`]);
    }
    expect(results.map(([check]) => check)).toContain("TRTC_REGION");
    expect(results).toHaveLength(5);
  });

  test.each([
    [4200, "fail"],
    [3700, "warn"],
  ])("%d bytes of them: %s", async (bytes, verdict) => {
    const RoomPattern = "x".repeat(500);
    const caller = (n: number) => ({
      Id: `c${n}`,
      SecretKeys: [`a-key-of-its-own-${n}`],
      SdkAppIds: [1600000000],
      RoomPattern,
    });
    const callers = (n: number) => JSON.stringify(Array.from({ length: n }, (_, i) => caller(i)));
    const others = Object.entries(harness.well)
      .filter(([name]) => name !== "CALLERS")
      .reduce((sum, [name, value]) => sum + name.length + (value ?? "").length, 7);
    const whole = callers(Math.floor((bytes - others) / callers(1).length));
    const CALLERS = whole.padEnd(bytes - others);
    const { named } = await harness.examineHere({ CALLERS });
    expect(named("size")).toMatchObject([
      { verdict, found: expect.stringContaining(`${bytes} of the 4096 bytes`) },
    ]);
  });
});

describe("the check of keys", () => {
  test("fails for keys of this repository, except with an emulator on this machine", async () => {
    const { named } = await harness.examineHere({ TRTC_ENDPOINT: "https://trtc.example.invalid" });
    expect(named("published")).toMatchObject([
      { verdict: "fail", found: expect.stringMatching(/CALLERS\[0\].*TRTC_APPS\[1\]/) },
    ]);
    expect(named("TRTC: clock")).toMatchObject([{ verdict: "fail" }]);
  });

  test("warns of a UserSig key that has another form", async () => {
    const apps = { ...OWN_APP, SecretKey: "AKIDlooks-like-a-cloud-key" };
    const { named } = await harness.examineHere({
      TRTC_APPS: list(apps),
      CALLERS: list(OWN_CALLER),
    });
    expect(named("UserSig")).toMatchObject([{ verdict: "warn" }]);
  });
});

describe("advance-ingests", () => {
  test.each([
    [
      "an interval that its time limit cannot hold",
      { ADVANCE_TICK_SECONDS: "80" },
      "time limit",
      "110",
    ],
    ["a timer slower than its interval", { ADVANCE_TICK_SECONDS: "5" }, "timer", "ADVANCE_CRON"],
    ["a timer that is none", { ADVANCE_CRON: "* * * * *" }, "timer", "correct ADVANCE_CRON"],
  ])("with %s fails", async (_, env, check, todo) => {
    const { named } = await harness.examineHere(env);

    expect(named(`advance-ingests: ${check}`)).toMatchObject([
      { verdict: "fail", todo: expect.stringContaining(todo) },
    ]);
  });
});

describe("expire-ingests", () => {
  test.each([
    ["a tick that its time limit cannot hold", { EXPIRY_TICK_SECONDS: "90" }, "time limit", "105"],
    ["a timer slower than its tick", { EXPIRY_TICK_SECONDS: "5" }, "timer", "EXPIRY_CRON"],
    ["a timer that is none", { EXPIRY_CRON: "* * * * *" }, "timer", "correct EXPIRY_CRON"],
    ["a timer with a pause", { EXPIRY_CRON: "0 0-50 * * * * *" }, "timer", "EXPIRY_CRON"],
  ])("with %s fails", async (_, env, check, todo) => {
    const { named } = await harness.examineHere(env);
    expect(named(`expire-ingests: ${check}`)).toMatchObject([
      { verdict: "fail", todo: expect.stringContaining(todo) },
    ]);
  });
});

test("the output of all these runs holds no secret", () => {
  expect(harness.leaked()).toEqual([]);
});
