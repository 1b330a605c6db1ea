/** `trtc-ingest doctor`: a healthy run, a stopped run, and its flags. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { freePort } from "../../local/environment/free-port.js";
import { redactor, table } from "../../ops/doctor/report.js";
import {
  CLOUD,
  list,
  openDoctorHarness,
  type DoctorHarness,
} from "../support/app/doctor-harness.js";

let harness: DoctorHarness;
beforeAll(async () => {
  harness = await openDoctorHarness();
});
afterAll(() => harness.close());

describe("npm run doctor on a local run", () => {
  test("reports that everything passes", async () => {
    const ports = {
      PORT: new URL(harness.runtime.url).port,
      TRTC_PORT: new URL(harness.trtcUrl).port,
    };
    const flags = ["--local", "--strict", "--callback-url", harness.runtime.url];
    const { code, output } = await harness.run(
      { DATABASE_URL: harness.databaseUrl, ...ports },
      flags,
    );
    expect(output).not.toMatch(/^(fail|warn|skip)/m);
    expect(output).toMatch(/\n\nnothing failed: \d\d passed, 0 warnings, 0 skipped\n$/);
    expect(output).not.toContain("\u001b");
    expect(code).toBe(0);
    for (const check of [
      /^pass {2}CALLERS +1 caller, 1 key$/m,
      /^pass {2}database +PostgreSQL \d+\S* answers$/m,
      /^pass {2}database: version +migrated, at version \d+$/m,
      /^pass {2}deadlines +kept: 0 live ingests, none overdue$/m,
      /^pass {2}TRTC: keys of account cn \(cn\) +TRTC takes them/m,
      /^pass {2}url http:\/\/127\.0\.0\.1:\d+ +refuses an unsigned request/m,
      /^pass {2}callback http:\/\/127\.0\.0\.1:\d+ +answers HTTP 4\d\d/m,
    ]) {
      expect(output).toMatch(check);
    }
  });

  test("reports the embedded database without a DATABASE_URL", async () => {
    const ports = {
      PORT: new URL(harness.runtime.url).port,
      TRTC_PORT: new URL(harness.trtcUrl).port,
    };
    const { code, output } = await harness.run({ DATABASE_URL: "", ...ports }, ["--local"]);
    expect([code, output]).toEqual([0, expect.stringMatching(/^skip {2}database +embedded/m)]);
  });

  test("reports that the run is away", async () => {
    const port = String(await freePort());
    const away = { PORT: port, TRTC_PORT: port, DATABASE_URL: "" };
    const { code, output } = await harness.run(away, ["--local"]);
    expect(code).toBe(1);
    expect(output.match(/nothing listens there \(ECONNREFUSED\)/g)).toHaveLength(4);
  });
});

describe("npm run doctor on a cloud configuration with the emulator", () => {
  test("warns of the emulator only, and fails with --strict", async () => {
    const { ok, bad } = await harness.examineHere();
    expect(bad).toMatchObject([{ verdict: "warn", check: "TRTC's address" }]);
    expect(ok).toBe(true);
    const { code, output } = await harness.run(harness.well, ["--json"]);
    const { rows, ...summary } = JSON.parse(output) as { rows: object[] };
    expect([code, summary]).toMatchObject([0, { ok: true, warn: 1, fail: 0, skip: 0 }]);
    expect(rows).toContainEqual(bad[0]);
    expect((await harness.run(harness.well, ["--strict"])).code).toBe(1);
  });

  test("reads the configuration from a file, too, and prefers the environment", async () => {
    const folder = mkdtempSync(join(tmpdir(), "doctor-test-"));
    const file = join(folder, "production.env");
    const lines = Object.entries({ ...harness.well, EXPIRY_TICK_SECONDS: "59" });
    writeFileSync(file, lines.map(([name, value]) => `${name}='${value}'\n`).join(""));
    const { code, output } = await harness.run({ EXPIRY_TICK_SECONDS: "60" }, ["--env-file", file]);
    expect(code).toBe(0);
    expect(output).toContain("with an interval of 60 s");
    // Node.js 20 reads this flag as its own first, wherever it stands.
    const missing = await harness.run({}, ["--env-file", join(folder, "none")]);
    rmSync(folder, { recursive: true });
    expect(missing.code).not.toBe(0);
    expect(missing).toMatchObject({ output: expect.stringMatching(/none|does not exist/) });
  });
});

describe("npm run doctor", () => {
  test("lists its flags with --help", async () => {
    const { code, output } = await harness.run({}, ["--help"]);
    expect(code).toBe(0);
    for (const flag of ["--env-file", "--url", "--callback-url", "--local", "--strict", "--json"]) {
      expect(output).toContain(flag);
    }
  });

  test.each([[["--halp"]], [["--url", "ftp://x"]], [["--callback-url", "nowhere"]]])(
    "refuses %p in one line",
    async (args) => {
      const { code, output } = await harness.run({}, args);
      expect([code, output]).toEqual([2, expect.stringContaining(args[0] ?? "")]);
      expect(output).not.toMatch(/^\s+at /m);
    },
  );
});

describe("the output", () => {
  const rows = [
    { check: "one", verdict: "pass" as const, found: "all of it" },
    { check: "another", verdict: "fail" as const, found: "this\nthat", todo: "mend it" },
  ];

  test("has the remedy below the finding, and colours on a terminal only", () => {
    expect(table(rows, { colours: false })).toBe(
      "pass  one      all of it\nfail  another  this\n               that\n               → mend it\n",
    );
    expect(table(rows, { colours: true })).toContain("\u001b[31mfail\u001b[0m  another");
  });

  test("hides a secret even when a check's text contains one", () => {
    const hide = redactor({
      TRTC_ACCOUNTS: list({ ...CLOUD, Token: "the-token-of-it" }),
      CALLERS:
        '[{"Id":"me","SecretKeys": ["the-first-key-of-mine", "the-second-of-mine"],"NotifyUrl":"https://a.example/?token=b", "NotifySecrets":["whsec_mine"]',
      TRTC_APPS: list({ SdkAppId: 1, CallbackKeys: ["oldCallbackKey", "newCallbackKey"] }),
      DATABASE_URL: "postgres://me:pass%40word@db/name",
      TENCENTCLOUD_SESSIONTOKEN: "the-token-of-the-role",
    });
    const said = `AKIDemulator emulator-secret-key the-token-of-it the-first-key-of-mine me
the-second-of-mine pass%40word pass@word the-token-of-the-role name
https://a.example/?token=b whsec_mine oldCallbackKey newCallbackKey`;
    expect(hide(said)).toBe("… … … … me\n… … … … name\n… … … …");
  });
});

test("the output of all these runs holds no secret", () => {
  expect(harness.leaked()).toEqual([]);
});
