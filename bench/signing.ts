/**
 * How fast we sign and verify, beside Tencent's own packages, on one machine and in one run.
 * The subjects of a group take turns, round by round, so that a busy moment of the machine hits
 * all of them, and the median of a subject's rounds counts. Groups come one after another, so that
 * nobody pays for the garbage of something it is not compared with.
 */
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { systemClock, unixSeconds } from "../shared/clock.js";
import { ROBOT_PRIVILEGES, signPrivateMapKey } from "../shared/signing/private-map-key.js";
import { readTc3, signTc3, verifyTc3 } from "../shared/signing/tc3.js";
import { signUserSig, verifyUserSig } from "../shared/signing/user-sig.js";

const HELP = `Usage: npm run bench:signing [-- --json | --help]

Measures signing and verifying against tls-sig-api-v2 and tencentcloud-sdk-nodejs.

  --json  print one JSON object instead of the table
  --help  print this text
`;

/** Long enough for the timer's resolution to vanish, short enough for the rounds to take turns. */
const ROUND_MS = 20;
/** Of which the median counts; together they take some six seconds. */
const ROUNDS = 31;
/** By then the compiler has done its work. */
const WARM_UP_MS = 200;

/** The pair that the README quotes. */
const OURS = "signUserSig";
const THEIRS = "genUserSig (tls-sig-api-v2)";

/** What is measured of two packages that bring no types, or types for CommonJS only. */
interface TlsSigApi {
  Api: new (
    sdkAppId: number,
    secretKey: string,
  ) => { genUserSig(userId: string, expireSeconds: number): string };
}
interface SdkSign {
  default: { sign3(request: Record<string, unknown>): string };
}

interface Subject {
  name: string;
  run: () => unknown;
}

interface Measured {
  name: string;
  microsPerCall: number;
  callsPerSecond: number;
}

function main(): void {
  const { json, help } = readFlags();
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const measured = groups().flatMap(measure);
  const ratio = speedOf(measured, OURS) / speedOf(measured, THEIRS);
  process.stdout.write(
    json
      ? `${JSON.stringify({ node: process.version, measured, ratio })}\n`
      : `${table(measured)}\n\n${OURS} ÷ ${THEIRS}: ${ratio.toFixed(1)} times the throughput\n`,
  );
}

function readFlags(): { json: boolean; help: boolean } {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({ options: { json: flag, help: flag } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

const SDK_APP_ID = 1400000000;
const SECRET_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const USER_ID = "ingest_8489_01J8Z3K5";
const LIFETIME_SECONDS = 86_400;

/** Each inner list is one group; ours stands before theirs. */
function groups(): Subject[][] {
  return [...tlsGroups(), ...tc3Groups()];
}

function tlsGroups(): Subject[][] {
  const require = createRequire(import.meta.url);
  const { Api } = require("tls-sig-api-v2") as TlsSigApi;
  const theirs = new Api(SDK_APP_ID, SECRET_KEY);
  const holder = { sdkAppId: SDK_APP_ID, secretKey: SECRET_KEY, userId: USER_ID };
  const request = { ...holder, lifetimeSeconds: LIFETIME_SECONDS };
  const room = { roomId: "room123", roomIdType: 0, privileges: ROBOT_PRIVILEGES } as const;
  // Theirs reads the clock at every call, so ours is made to as well.
  const now = () => systemClock.now();
  const userSig = signUserSig(request, now());
  const genUserSig = () => theirs.genUserSig(USER_ID, LIFETIME_SECONDS);
  return [
    [
      { name: OURS, run: () => signUserSig(request, now()) },
      { name: THEIRS, run: genUserSig },
    ],
    [{ name: "verifyUserSig", run: () => verifyUserSig(userSig, holder, now()) }],
    [{ name: "signPrivateMapKey", run: () => signPrivateMapKey({ ...request, ...room }, now()) }],
  ];
}

function tc3Groups(): Subject[][] {
  const require = createRequire(import.meta.url);
  const sdk = require("tencentcloud-sdk-nodejs/tencentcloud/common/sign.js") as SdkSign;
  const signer = { secretId: "AKIDEXAMPLE", secretKey: "SECRETEXAMPLE", service: "trtc" };
  const now = systemClock.now();
  const host = "trtc.intl.tencentcloudapi.com";
  const headers = { "content-type": "application/json", host };
  const body = Buffer.from(JSON.stringify({ SdkAppId: SDK_APP_ID, TaskId: "t".repeat(100) }));
  const message = { method: "POST", path: "/", query: "", headers, body };
  const signed = signTc3(message, signer, now).message;
  const theirs = {
    ...signer,
    method: "POST",
    url: `https://${host}/`,
    payload: body,
    timestamp: unixSeconds(now),
    headers: { "Content-Type": "application/json" },
  };
  const verify = () => {
    const read = readTc3(signed);
    return read?.ok && verifyTc3(signed, read.claim, { secretKeys: [signer.secretKey] }, now);
  };
  return [
    [
      { name: "signTc3", run: () => signTc3(message, signer, now) },
      { name: "sign3 (tencentcloud-sdk-nodejs)", run: () => sdk.default.sign3(theirs) },
    ],
    [{ name: "readTc3 + verifyTc3", run: verify }],
  ];
}

function measure(group: readonly Subject[]): Measured[] {
  const prepared = group.map(({ name, run }) => {
    const callsPerRound = Math.ceil(callsIn(WARM_UP_MS, run) * (ROUND_MS / WARM_UP_MS));
    return { name, run, callsPerRound, micros: [] as number[] };
  });
  for (let round = 1; round <= ROUNDS; round += 1) {
    showProgress(`${group[0]?.name ?? ""}: round ${round} of ${ROUNDS}`);
    for (const { run, callsPerRound, micros } of prepared) {
      const startedMs = systemClock.elapsedMs();
      for (let call = 0; call < callsPerRound; call += 1) run();
      micros.push(((systemClock.elapsedMs() - startedMs) * 1000) / callsPerRound);
    }
  }
  showProgress("");
  return prepared.map(({ name, micros }) => {
    const microsPerCall = median(micros);
    return { name, microsPerCall, callsPerSecond: 1_000_000 / microsPerCall };
  });
}

function callsIn(ms: number, run: () => unknown): number {
  const endMs = systemClock.elapsedMs() + ms;
  let calls = 0;
  for (; systemClock.elapsedMs() < endMs; calls += 1) run();
  return calls;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** On a terminal only, and on the other stream, so that a pipe gets the result alone. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

const speedOf = (measured: readonly Measured[], name: string): number =>
  measured.find((subject) => subject.name === name)?.callsPerSecond ?? Number.NaN;

function table(measured: readonly Measured[]): string {
  const rows = measured.map(({ name, microsPerCall, callsPerSecond }) => [
    name,
    microsPerCall.toFixed(1),
    Math.round(callsPerSecond).toLocaleString("en-US"),
  ]);
  const all = [["", "µs a call", "calls a second"], ...rows];
  return all
    .map(([name = "", micros = "", calls = ""]) =>
      [name.padEnd(33), micros.padStart(10), calls.padStart(16)].join(""),
    )
    .join("\n");
}

main();
