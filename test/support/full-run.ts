/** A run of the whole test app with every fault, and a list of the secrets that it used. */
import { expect } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { ROBOT_PRIVILEGES, signPrivateMapKey } from "../../shared/signing/trtc/private-map-key.js";
import { signUserSig } from "../../shared/signing/trtc/user-sig.js";
import { isScheduleAction } from "../../shared/contract/schedules/schemas.js";
import { isTrtcAction } from "../../emulator/api/schemas.js";
import { BAD_INPUT } from "./contract/bad-input.js";
import {
  CN_APP,
  type FaultKind,
  type TestApp,
  INTL_APP,
  startTestApp,
  type TrtcHandle,
} from "./app/test-app.js";
import { post as request, signedTc3, signedV1 } from "./http/http-requests.js";
import { answerTo, callbackEvent, source } from "./http/callbacks.js";
import { EVERY_FUNCTION, FUNCTION_OF } from "./app/functions.js";
import { REQUIRED_OF_SCHEDULES } from "./contract/schedules.js";
import { nextRoom } from "./app/rooms.js";

const CALLER_KEYS = ["this-years-caller-key", "last-years-caller-key"];
const OPERATOR_KEY = "the-key-of-an-operator";
const CN_KEY = "cn-application-secret-key";
const CALLBACK_KEY = "keyOfTheCallbacks";
const INTL_KEY = "intl-application-secret-key";
const CLOUD = { secretKey: "cloud-account-secret-key", token: "cloud-account-session-token" };
const WRONG_KEYS = ["a-key-that-was-mistyped", "a-key-of-another-place"];
/** Secrets in media URLs. They allow fetching the media. */
const QUERIES = ["sign=first-url-signature", "sign=second-url-signature", "pw=url-password"];

/** No server listens there, so failed deliveries are logged too. */
const NOTIFY = {
  NotifyUrl: "https://127.0.0.1:9/hook?token=token-of-the-receiver",
  NotifySecrets: ["whsec_bm90aWZpY2F0aW9ucy1hcmUtc2lnbmVkLXdpdGgtdGhpcw=="],
};

const secrets = new Set([
  ...[
    "token-of-the-receiver",
    ...NOTIFY.NotifySecrets.map((secret) => secret.replace("whsec_", "")),
  ],
  ...[
    OPERATOR_KEY,
    ...CALLER_KEYS,
    ...WRONG_KEYS,
    CN_KEY,
    INTL_KEY,
    CALLBACK_KEY,
    CLOUD.secretKey,
    CLOUD.token,
  ],
  ...QUERIES.map((query) => query.replace(/^.*=/, "")),
]);
/** A text that only its receiver may see again. */
const secret = (text: string): string => {
  secrets.add(text);
  return text;
};

const APPLICATIONS = [
  { SdkAppId: CN_APP, SecretKey: CN_KEY, Site: "cn", CallbackKeys: [CALLBACK_KEY] },
  { SdkAppId: INTL_APP, SecretKey: INTL_KEY, Site: "intl", AdvancedPermission: true },
] as const;

let app: TestApp;
let trtc: TrtcHandle;
const refusals: string[] = [];

export interface FullRun {
  app: TestApp;
  trtc: TrtcHandle;
  secrets: ReadonlySet<string>;
  /** The body of every refusal. */
  refusals: readonly string[];
}

export async function fullRun(): Promise<FullRun> {
  const account = { SecretId: "AKIDcloud", SecretKey: CLOUD.secretKey, Token: CLOUD.token };
  app = await startTestApp({
    emulator: {
      accounts: { AKIDcloud: CLOUD },
      applications: APPLICATIONS.map(({ SdkAppId, SecretKey, Site }) => ({
        sdkAppId: SdkAppId,
        secretKey: SecretKey,
        site: Site,
        advancedPermission: Site === "intl",
      })),
    },
    env: {
      TRTC_TIMEOUT_SECONDS: "2",
      EXPIRY_TICK_SECONDS: "1",
      OPERATOR_KEYS: JSON.stringify([{ Name: "anna", SecretKeys: [OPERATOR_KEY] }]),
      CALLERS: JSON.stringify([
        {
          Id: "school",
          SecretKeys: CALLER_KEYS,
          SdkAppIds: [CN_APP, INTL_APP],
          UserPattern: "own",
          ...NOTIFY,
        },
      ]),
      TRTC_APPS: JSON.stringify(APPLICATIONS),
      TRTC_ACCOUNTS: JSON.stringify(["cn", "intl"].map((Account) => ({ Account, ...account }))),
    },
  });
  ({ trtc } = app);
  await ownLogins();
  await everyAction();
  await signedCalls();
  await wrongInput();
  await failingTrtc();
  await deadlines();
  await settling();
  await scheduling();
  await schedules();
  await notifying();
  await health();
  await useConsole();
  await callbacks();
  for (const { UserSig, PrivateMapKey } of trtc.bodies("StartStreamIngest")) {
    for (const signed of [UserSig, PrivateMapKey]) if (typeof signed === "string") secret(signed);
  }
  await brokenDatabase();
  return { app, trtc, secrets, refusals };
}

async function send(functionName: string, body: unknown, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${CALLER_KEYS[0] ?? ""}`;
  const answer = await app.post(functionName, body, { authorization, ...headers });
  if (answer.response.Error) refusals.push(JSON.stringify(answer.response));
  return answer.response;
}

const startOf = (fields: object = {}) => {
  const room = { SdkAppId: CN_APP, RoomId: nextRoom(), RoomIdType: 0 };
  return { ...room, StreamUrl: `${app.clip}?${QUERIES[0] ?? ""}`, RepeatNum: -1, ...fields };
};
const start = (fields?: object) => send("start-ingest", startOf(fields));
const named = ({ TaskId }: Record<string, unknown>) => ({ SdkAppId: CN_APP, TaskId });

async function ownLogins(): Promise<void> {
  const identity = { sdkAppId: INTL_APP, secretKey: INTL_KEY, userId: "own", lifetimeSeconds: 600 };
  const room = { roomId: "own-room", roomIdType: 0 as const, privileges: ROBOT_PRIVILEGES };
  const login = {
    UserSig: secret(signUserSig(identity, clock.now())),
    PrivateMapKey: secret(signPrivateMapKey({ ...identity, ...room }, clock.now())),
  };
  const ownRobot = { SdkAppId: INTL_APP, RoomId: "own-room", UserId: "own", ...login };
  expect((await start(ownRobot)).Error).toBeUndefined();
  // In wrong places: in another field, and in a field that does not exist.
  await start({ ...ownRobot, UserSig: login.PrivateMapKey });
  await start({ UserId: "other", UserSig: login.UserSig });
  await start({ RoomId: login.UserSig, StopTime: login.UserSig });
  await send("stop-ingest", named({ TaskId: login.UserSig }));
  await send("list-ingests", { Cursor: CALLER_KEYS[1] });
}

async function everyAction(): Promise<void> {
  const started = named(await start({ ClientToken: "order-4711" }));
  await start({ ...started, ClientToken: "order-4711" });
  await start({ SdkAppId: INTL_APP });
  const StreamUrl = `${app.clip}?${QUERIES[1] ?? ""}`;
  await send("update-ingest", { ...started, StreamUrl, IsPause: true });
  await send("describe-ingest", started);
  await send("list-ingests", {});
  await send("stop-ingest", started);
  await send("update-ingest", { ...started, StreamUrl });
}

async function signedCalls(): Promise<void> {
  const as = (secretKey = CALLER_KEYS[1] ?? "") => ({
    secretId: "school",
    secretKey,
    at: clock.now(),
  });
  const message = request(JSON.stringify(startOf()), { "x-tc-action": "StartStreamIngest" });
  for (const signer of [as(), as(WRONG_KEYS[0]), { ...as(), at: addMs(clock.now(), -3_600_000) }]) {
    const { headers, body } = signedTc3(message, signer);
    secret(/[0-9a-f]{64}/.exec(headers["authorization"] ?? "")?.[0] ?? "");
    await deliver("api", { headers, body });
    await deliver("api", { headers, body: Buffer.concat([body, body]) });
    const form = signedV1({ TaskId: "task", SdkAppId: String(CN_APP) }, signer);
    secret(new URLSearchParams(String(form.body)).get("Signature") ?? "");
    await deliver("api", form);
  }
}

/** Without the network, which would change the signed Host header. */
async function deliver(
  functionName: string,
  { headers, body }: { headers: Readonly<Record<string, string>>; body: Buffer },
): Promise<void> {
  const event = { httpMethod: "POST", path: "/", headers, queryString: {}, body: String(body) };
  const { handler } = app.functionNamed(functionName);
  const answer = (await handler(event, { request_id: "by-hand" })) as { body: string };
  if (answer.body.includes('"Error"')) refusals.push(answer.body);
}

async function wrongInput(): Promise<void> {
  for (const [, { action, fields }] of BAD_INPUT) {
    const body = action === "StartStreamIngest" ? startOf(fields) : { SdkAppId: CN_APP, ...fields };
    await send("api", body, { "x-tc-action": action });
  }
  for (const functionName of EVERY_FUNCTION) {
    for (const key of WRONG_KEYS) await send(functionName, {}, { authorization: `Bearer ${key}` });
    await send(functionName, `{"UserSig":"${CALLER_KEYS[0] ?? ""}"`);
    await send(functionName, startOf(), { "content-type": CALLER_KEYS[0] ?? "" });
    await send(functionName, { Colour: CN_KEY });
    await send(functionName, {}, { "x-tc-version": CLOUD.token, "x-tc-region": CLOUD.token });
    await send(`${functionName}?${QUERIES[2] ?? ""}`, {}, { "x-tc-action": CALLER_KEYS[1] ?? "" });
  }
  for (const url of [
    "https://me:url-password@a.example/",
    `ftp://a.example/?${QUERIES[2] ?? ""}`,
  ]) {
    await start({ StreamUrl: url });
  }
}

const FAULTS: FaultKind[] = ["lose-request", "lose-answer", "http-502", "garbage", "throttle"];

async function failingTrtc(): Promise<void> {
  for (const fault of [...FAULTS, "hang"] as const) {
    const playing = named(await start());
    for (const [action, functionName] of Object.entries(FUNCTION_OF)) {
      if (isScheduleAction(action)) continue;
      if (isTrtcAction(action)) trtc.next(action, fault);
      const ofMedia = { StreamUrl: `${app.clip}?${QUERIES[1] ?? ""}` };
      if (action === "StartStreamIngest") await start({ RoomId: `fault-${fault}` });
      else
        await send(functionName, {
          ...playing,
          ...(action === "UpdateStreamIngest" ? ofMedia : {}),
        });
      trtc.next("StartStreamIngest");
    }
  }
}

async function deadlines(): Promise<void> {
  const StopTime = addMs(clock.now(), 1.5 * SECOND_MS).toISOString();
  for (const RepeatNum of [-1, 1000]) await start({ StopTime, RepeatNum });
  trtc.next("StopStreamIngest", "http-502", "garbage");
  const { handler } = app.functionNamed("expire-ingests");
  const startedMs = clock.elapsedMs();
  const getRemainingTimeInMillis = () => 30_000 - (clock.elapsedMs() - startedMs);
  await handler({ Type: "Timer" }, { request_id: "a-run", getRemainingTimeInMillis });
}

/** Two runs handle a start without an answer. The first one meets a fault. */
async function settling(): Promise<void> {
  trtc.next("StartStreamIngest", "lose-answer");
  await start({ RepeatNum: -1, ClientToken: "a-token-to-settle" });
  const { handler } = app.functionNamed("reconcile-ingests");
  const getRemainingTimeInMillis = () => 30_000;
  trtc.next("RemoveUserByStrRoomId", "http-502");
  await handler({ Type: "Timer" }, { request_id: "a-refused-run", getRemainingTimeInMillis });
  await app.database.query("update ingest set lease_until = now() where state = 'starting'");
  await handler({ Type: "Timer" }, { request_id: "a-settling-run", getRemainingTimeInMillis });
}

/** A scheduled start that comes due, and one that TRTC refuses. */
async function scheduling(): Promise<void> {
  const StartTime = addMs(clock.now(), 60 * SECOND_MS).toISOString();
  await start({ StartTime });
  await start({ StartTime });
  await app.database.query(
    "update ingest set starts_at = now(), advance_at = now() where advance_at is not null",
  );
  trtc.next("StartStreamIngest", "throttle");
  const { handler } = app.functionNamed("advance-ingests");
  const getRemainingTimeInMillis = () => 16_000;
  await handler({ Type: "Timer" }, { request_id: "an-advance", getRemainingTimeInMillis });
}

/** Each action of schedules, and an occurrence that a run of plan-schedules plans. */
async function schedules(): Promise<void> {
  const ask = (action: string, body: object) => send("schedules", body, { "x-tc-action": action });
  const Ingest = startOf();
  const right = { ...REQUIRED_OF_SCHEDULES.CreateIngestSchedule, Ingest };
  await ask("PreviewIngestSchedule", right);
  const { ScheduleId } = await ask("CreateIngestSchedule", right);
  const own = { ...Ingest, UserSig: CLOUD.token, StreamUrl: `${app.clip}?${QUERIES[1] ?? ""}` };
  await ask("UpdateIngestSchedule", { ScheduleId, Ingest: own });
  await ask("UpdateIngestSchedule", { ScheduleId, Comment: "a comment" });
  await ask("DescribeIngestSchedule", { ScheduleId });
  await ask("ListIngestSchedules", {});
  await ask("ListIngestOccurrences", { ScheduleId });
  await ask("RunIngestSchedule", { ScheduleId, DurationSeconds: 60 });
  await ask("SkipIngestOccurrence", { ScheduleId, StartTime: "2026-01-05T08:00:00Z" });
  await app.database.query("update schedule set plan_at = now()");
  const { handler } = app.functionNamed("plan-schedules");
  const getRemainingTimeInMillis = () => 50_000;
  await handler({ Type: "Timer" }, { request_id: "a-planning", getRemainingTimeInMillis });
  await ask("DeleteIngestSchedule", { ScheduleId, StopRunning: true });
}

/** An operator's key, a wrong one, and what asks without any. */
async function health(): Promise<void> {
  for (const key of [OPERATOR_KEY, WRONG_KEYS[0] ?? ""]) {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`${app.url}/health`, { headers });
    if (answer.status !== 200) refusals.push(await answer.text());
  }
  await fetch(`${app.url}/ready`);
}

/** Right and wrong requests of an operator, with secrets in wrong places. */
const OPERATOR_CALLS: [action: string, body: object | string][] = [
  ["ListIngests", {}],
  ["ListIngests", { CallerId: OPERATOR_KEY, RoomId: CN_KEY }],
  ["ListIngests", { Cursor: OPERATOR_KEY }],
  ["ListSchedules", { Colour: OPERATOR_KEY }],
  ["ListOccurrences", { CallerId: OPERATOR_KEY }],
  ["PreviewSchedule", { CallerId: CALLER_KEYS[0], ScheduleId: OPERATOR_KEY }],
  ["DescribeIngest", { TaskId: OPERATOR_KEY }],
  ["DescribeTimeline", { TaskId: CALLER_KEYS[0] }],
  ["StopIngests", { TaskIds: [OPERATOR_KEY] }],
  ["MoveIngests", { TaskIds: [OPERATOR_KEY], BySeconds: 60 }],
  ["StopIngests", `{"TaskIds":["${OPERATOR_KEY}`],
  [OPERATOR_KEY, {}],
];

/** Each path of the console, with right and wrong keys, and with keys in wrong places. */
async function useConsole(): Promise<void> {
  const listing = { "x-tc-action": "ListStreamIngests" };
  for (const key of [CALLER_KEYS[0] ?? "", OPERATOR_KEY, WRONG_KEYS[0] ?? ""]) {
    const headers = { authorization: `Bearer ${key}` };
    await send("console/api", {}, { ...headers, ...listing });
    await send("console/costs", { Days: 7, CallerId: key }, headers);
    for (const [action, body] of OPERATOR_CALLS) {
      await send("console/operator", body, { ...headers, "x-tc-action": action });
    }
    const paths = ["", key, `app.js?key=${key}`, "health"];
    for (const path of paths) {
      const answer = await fetch(`${app.url}/console/${path}`, { headers });
      if (answer.status >= 400 && answer.status < 500) refusals.push(await answer.text());
    }
  }
}

/** Delivers the events of all earlier steps to their receiver. */
async function notifying(): Promise<void> {
  const { handler } = app.functionNamed("deliver-notifications");
  const getRemainingTimeInMillis = () => 30_000;
  await handler({ Type: "Timer" }, { request_id: "a-delivery", getRemainingTimeInMillis });
}

/** Correct, forged and unreadable callbacks, and callbacks of an unknown task. */
async function callbacks(): Promise<void> {
  const { TrtcTaskId } = await start();
  const { services } = app;
  for (const task of [String(TrtcTaskId), "somebody's"]) {
    const body = source(task, 1, clock.now());
    for (const signing of [{}, { key: WRONG_KEYS[0] ?? "" }, { sign: CALLBACK_KEY }]) {
      const event = callbackEvent(body, { key: CALLBACK_KEY, ...signing });
      secret(event.headers["Sign"] ?? "");
      const { status, text } = await answerTo(services, event);
      if (status !== 200) refusals.push(text);
    }
  }
  for (const text of ["{", `{"EventType":"${CALLER_KEYS[0] ?? ""}","CallbackTs":1}`]) {
    await answerTo(services, callbackEvent(Buffer.from(text), { key: CALLBACK_KEY }));
  }
}

/** A failure of our own, whose stack goes to the log. */
async function brokenDatabase(): Promise<void> {
  await app.database.query("alter table ingest rename to lost");
  await start({ UserId: "own" });
  const { handler } = app.functionNamed("expire-ingests");
  await expect(handler({ Type: "Timer" }, { request_id: "failed-run" })).rejects.toThrow("ingest");
}
