/**
 * How fast we sign and verify, compared with Tencent's own packages. Groups run one after another,
 * so that a subject does not pay for another group's garbage collection.
 */
import { createRequire } from "node:module";
import { systemClock, unixSeconds } from "../../shared/clock.js";
import { ROBOT_PRIVILEGES, signPrivateMapKey } from "../../shared/signing/trtc/private-map-key.js";
import { readTc3, signTc3, verifyTc3 } from "../../shared/signing/tencent/tc3.js";
import { signUserSig, verifyUserSig } from "../../shared/signing/trtc/user-sig.js";
import { type Bench, median, type Subject, takeTurns } from "../measure.js";
import { figureOf, type Row, type Section } from "../results.js";

/** Long enough to hide the timer's resolution, short enough for rounds to alternate. */
const ROUND_MS = 20;
/** The compiler has finished by then. */
const WARM_UP_MS = 200;

/** The pairs that docs/benchmarks.md quotes. */
const OURS = "signUserSig";
const THEIRS = "genUserSig (tls-sig-api-v2)";
const OUR_TC3 = "signTc3";
const THEIR_TC3 = "sign3 (tencentcloud-sdk-nodejs)";

/** The measured parts of two packages without usable types. */
interface TlsSigApi {
  Api: new (
    sdkAppId: number,
    secretKey: string,
  ) => { genUserSig(userId: string, expireSeconds: number): string };
}
interface SdkSign {
  default: { sign3(request: Record<string, unknown>): string };
}

type Signing = Subject<unknown>;

export async function benchSigning({ quick, show }: Bench): Promise<Section[]> {
  const rows: Row[] = [];
  for (const group of [...tlsGroups(), ...tc3Groups()]) {
    const onRound = (line: string) => {
      show(`${group[0]?.name ?? ""}, ${line}`);
    };
    const outcomes = await takeTurns(group.map(inRounds), { rounds: quick ? 5 : 31, onRound });
    rows.push(...[...outcomes].map(([subject, micros]) => rowOf(subject, median(micros))));
  }
  const ratio = (ours: string, theirs: string) => ({
    name: `${ours} ÷ ${theirs}, throughput`,
    value: figureOf(rows, ours, "perSecond") / figureOf(rows, theirs, "perSecond"),
    better: "more" as const,
  });
  return [
    { title: "signing", rows, ratios: [ratio(OURS, THEIRS), ratio(OUR_TC3, THEIR_TC3)], goals: [] },
  ];
}

const rowOf = (subject: string, micros: number): Row => ({
  subject,
  figures: { micros, perSecond: 1_000_000 / micros },
});

/** A round has as many calls as fill it, and returns its microseconds per call. */
function inRounds({ name, run }: Signing): Subject<number> {
  const calls = Math.ceil(callsIn(WARM_UP_MS, run) * (ROUND_MS / WARM_UP_MS));
  return {
    name,
    run(round) {
      const startedMs = systemClock.elapsedMs();
      for (let call = 0; call < calls; call += 1) void run(round);
      return ((systemClock.elapsedMs() - startedMs) * 1000) / calls;
    },
  };
}

function callsIn(ms: number, run: Signing["run"]): number {
  const endMs = systemClock.elapsedMs() + ms;
  let calls = 0;
  for (; systemClock.elapsedMs() < endMs; calls += 1) void run(0);
  return calls;
}

const SDK_APP_ID = 1400000000;
const SECRET_KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const USER_ID = "ingest_8489_01J8Z3K5";
const LIFETIME_SECONDS = 86_400;

/** Each inner list is one group. Ours stands before theirs. */
function tlsGroups(): Signing[][] {
  const require = createRequire(import.meta.url);
  const { Api } = require("tls-sig-api-v2") as TlsSigApi;
  const theirs = new Api(SDK_APP_ID, SECRET_KEY);
  const holder = { sdkAppId: SDK_APP_ID, secretKey: SECRET_KEY, userId: USER_ID };
  const request = { ...holder, lifetimeSeconds: LIFETIME_SECONDS };
  const room = { roomId: "room123", roomIdType: 0, privileges: ROBOT_PRIVILEGES } as const;
  // Their code reads the clock at every call, so ours does it too.
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

function tc3Groups(): Signing[][] {
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
      { name: OUR_TC3, run: () => signTc3(message, signer, now) },
      { name: THEIR_TC3, run: () => sdk.default.sign3(theirs) },
    ],
    [{ name: "readTc3 + verifyTc3", run: verify }],
  ];
}
