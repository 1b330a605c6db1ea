/** A caller's updates take effect in their order. A repeated older update does not. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock } from "../../../shared/clock.js";
import { openTestPostgres } from "../../support/database/databases.js";
import {
  CN_APP,
  type TestApp,
  INTL_APP,
  KEY,
  startTestApp,
  SECRET_ID,
} from "../../support/app/test-app.js";
import { post, signedTc3 } from "../../support/http/http-requests.js";
import { intlSdk } from "../../support/http/intl-sdk.js";
import { envelopeIn, rawCaller } from "../../support/http/raw-call.js";
import { nextRoom } from "../../support/app/rooms.js";

const LATER_MS = 5 * SECOND_MS;

let app: TestApp;
let aheadMs = 0;
/** The machine's time. A test can move it forward. */
const clock = { ...systemClock, now: () => addMs(systemClock.now(), aheadMs) };

beforeAll(async () => {
  app = await startTestApp({ clock, database: await openTestPostgres() });
});
afterAll(() => app.close());

async function started(SdkAppId = CN_APP, fields: object = {}) {
  const RoomId = nextRoom();
  const request = { SdkAppId, RoomId, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 };
  const { response } = await app.post("start-ingest", { ...request, ...fields });
  expect(response.Error).toBeUndefined();
  const named = { SdkAppId, TaskId: String(response["TaskId"]) };
  const task = async () =>
    (await app.truth.tasks()).find(({ taskId }) => taskId === response["TrtcTaskId"]);
  return { named, task };
}

type Answered = Record<string, unknown> & { Error?: { Code: string; Message: string } };
type Send = () => Promise<Answered>;

/** A request as an SDK makes it: one signature, any number of sends. */
function signed(fields: object, { action = "UpdateStreamIngest", at = clock.now(), ...more } = {}) {
  const headers = { host: new URL(app.url).host, "x-tc-action": action, ...more };
  const message = post(JSON.stringify(fields), headers);
  const made = signedTc3(message, { secretId: SECRET_ID, secretKey: KEY, at });
  return async (): Promise<Answered> => {
    const answer = await rawCaller(app.url).raw({ headers: made.headers, body: made.body });
    return envelopeIn(answer).Response;
  };
}

/** All signatures of a test share one second, on a slow machine as well. */
const oneSecond = () => ({ at: clock.now() });

const trace = (n: number) => ({ "x-tc-traceid": `trace-${n}` });

const inOrder = async (...sends: Send[]) => {
  const answers: Answered[] = [];
  for (const send of sends) answers.push(await send());
  return answers;
};

const errorsIn = (answers: Answered[]) => answers.map((answer) => answer.Error?.Code);

describe("equal updates of one second", () => {
  test.each([
    ["an X-TC-TraceId each", trace],
    ["nothing that tells them apart", () => ({})],
  ])("with %s take effect in their order: pause, resume, pause", async (_, each) => {
    const { named, task } = await started();
    const second = oneSecond();
    const answers = await inOrder(
      signed({ ...named, IsPause: true }, { ...second, ...each(1) }),
      signed({ ...named, IsPause: false }, { ...second, ...each(2) }),
      signed({ ...named, IsPause: true }, { ...second, ...each(3) }),
    );
    expect(errorsIn(answers)).toEqual([undefined, undefined, undefined]);
    expect(await task()).toMatchObject({ state: "paused" });
  });

  test("of volume and deadline take effect in their order, five in a row", async () => {
    const { named, task } = await started(CN_APP, { MaxDuration: 60 });
    const second = oneSecond();
    const changes = [
      { Volume: 10, MaxDuration: 50 },
      { Volume: 20, MaxDuration: 40 },
      { Volume: 10, MaxDuration: 50 },
      { Volume: 20, MaxDuration: 40 },
      { Volume: 10, MaxDuration: 50 },
    ];
    const answers = await inOrder(
      ...changes.map((fields, n) => signed({ ...named, ...fields }, { ...second, ...trace(n) })),
    );
    expect(errorsIn(answers)).toEqual(changes.map(() => undefined));
    expect(await task()).toMatchObject({ volume: 10 });
    expect(answers[4]?.["Deadline"]).toBe(answers[0]?.["Deadline"]);
    expect(answers[4]?.["Deadline"]).not.toBe(answers[3]?.["Deadline"]);
  });

  test("by GET take effect in their order", async () => {
    const { named, task } = await started();
    const { at } = oneSecond();
    const send = (IsPause: boolean, n: number): Send => {
      const query = new URLSearchParams({
        SdkAppId: String(named.SdkAppId),
        TaskId: named.TaskId,
        IsPause: String(IsPause),
      }).toString();
      const headers = {
        host: new URL(app.url).host,
        "x-tc-action": "UpdateStreamIngest",
        ...trace(n),
      };
      const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
      const message = { ...post("", form), method: "GET", query, path: "/" };
      const made = signedTc3(message, { secretId: SECRET_ID, secretKey: KEY, at });
      return async () => {
        const raw = { method: "GET", path: `/?${query}`, headers: made.headers, body: "" };
        return envelopeIn(await rawCaller(app.url).raw(raw)).Response;
      };
    };
    const answers = await inOrder(send(true, 1), send(false, 2), send(true, 3));
    expect(errorsIn(answers)).toEqual([undefined, undefined, undefined]);
    expect(await task()).toMatchObject({ state: "paused" });
  });

  test("with the older signature are distinguished by their Nonce", async () => {
    const { named, task } = await started(INTL_APP);
    const sdk = intlSdk(app.url);
    for (const IsPause of [true, false, true]) {
      await sdk.sendAny("UpdateStreamIngest", { ...named, IsPause });
    }
    expect(await task()).toMatchObject({ state: "paused" });
  });
});

describe("a captured request that is sent again", () => {
  const MADE_UP = { "x-tc-traceid": "made-up" };

  async function pausedAndResumed(between: "signed" | "a second later" | "by Bearer") {
    const { named, task } = await started();
    const second = oneSecond();
    const pause = { ...named, IsPause: true };
    const first = signed(pause, { ...second, ...trace(1) });
    const forged = signed(pause, { ...second, ...MADE_UP });
    expect((await first()).Error).toBeUndefined();
    const resume = { ...named, IsPause: false };
    if (between === "by Bearer") await app.post("update-ingest", resume);
    else {
      const at = addMs(second.at, between === "signed" ? 0 : SECOND_MS);
      expect((await signed(resume, { at, ...trace(2) })()).Error).toBeUndefined();
    }
    expect(await task()).toMatchObject({ state: "playing" });
    return { task, first, forged };
  }

  test("with its X-TC-TraceId is the same request, and changes nothing", async () => {
    const { task, first } = await pausedAndResumed("signed");
    const calls = app.trtc.calls("UpdateStreamIngest");
    expect(await first()).toMatchObject({ Status: "InProgress" });
    expect(await task()).toMatchObject({ state: "playing" });
    expect(app.trtc.calls("UpdateStreamIngest")).toBe(calls);
  });

  test("seconds later with another X-TC-TraceId changes nothing, and is no success", async () => {
    const { task, forged } = await pausedAndResumed("signed");
    aheadMs += LATER_MS;
    const { Error: refusal } = await forged();
    expect(refusal?.Code).toBe("FailedOperation");
    expect(refusal?.Message).toContain("ClientToken");
    expect(await task()).toMatchObject({ state: "playing" });
  });

  test.each(["a second later", "by Bearer"] as const)(
    "at once changes nothing when the resume was sent %s",
    async (between) => {
      const { task, forged } = await pausedAndResumed(between);
      expect((await forged()).Error?.Code).toBe("FailedOperation");
      expect(await task()).toMatchObject({ state: "playing" });
    },
  );

  test("by two instances at once changes nothing", async () => {
    const { task, forged } = await pausedAndResumed("a second later");
    const answers = await Promise.all(Array.from({ length: 10 }, forged));
    expect(errorsIn(answers)).toEqual(answers.map(() => "FailedOperation"));
    expect(await task()).toMatchObject({ state: "playing" });
  });

  test("before any newer request is a success without a call to TRTC", async () => {
    const { named } = await started();
    const pause = signed({ ...named, IsPause: true });
    await pause();
    const calls = app.trtc.calls("UpdateStreamIngest");
    aheadMs += LATER_MS;
    expect(await pause()).toMatchObject({ Status: "InProgress" });
    expect(app.trtc.calls("UpdateStreamIngest")).toBe(calls);
  });
});

describe("an update with a ClientToken", () => {
  let tokens = 0;
  const token = () => `token ${(tokens += 1)}`;
  const update = (fields: object) => app.post("update-ingest", fields);

  test("and the same request has the same answer, and takes effect once", async () => {
    const { named, task } = await started();
    const request = { ...named, Volume: 30, ClientToken: token() };
    const first = await update(request);
    expect(first.status).toBe(200);
    await update({ ...named, Volume: 40 });
    aheadMs += LATER_MS;
    const again = await update({ ...request, SdkAppId: undefined, TaskId: named.TaskId });
    const { RequestId: _, ...answer } = again.response;
    expect(first.response).toMatchObject(answer);
    expect(await task()).toMatchObject({ volume: 40 });
  });

  test("and another request is refused, and the message asks for a new token", async () => {
    const { named, task } = await started();
    const ClientToken = token();
    await update({ ...named, Volume: 30, ClientToken });
    const { response } = await update({ ...named, Volume: 50, ClientToken });
    expect(response.Error?.Code).toBe("InvalidParameterValue");
    expect(response.Error?.Message).toContain("new token");
    expect(await task()).toMatchObject({ volume: 30 });
  });

  test("of another ingest is another request", async () => {
    const [one, other] = [await started(), await started()];
    const ClientToken = token();
    await update({ ...one.named, Volume: 30, ClientToken });
    const { response } = await update({ ...other.named, Volume: 30, ClientToken });
    expect(response.Error?.Code).toBe("InvalidParameterValue");
  });

  test("that is sent ten times at once calls TRTC once", async () => {
    const { named, task } = await started();
    const calls = app.trtc.calls("UpdateStreamIngest");
    const request = { ...named, Volume: 60, ClientToken: token() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => update(request)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(app.trtc.calls("UpdateStreamIngest")).toBe(calls + 1);
    expect(await task()).toMatchObject({ volume: 60 });
  });

  test("frees the token when TRTC refuses the update", async () => {
    const { named, task } = await started();
    const request = { ...named, Volume: 70, ClientToken: token() };
    app.trtc.next("UpdateStreamIngest", "http-502");
    expect((await update(request)).response.Error?.Code).toBe("InternalError");
    expect((await update(request)).status).toBe(200);
    expect(await task()).toMatchObject({ volume: 70 });
  });

  test("is distinct from signed updates of the same second, and a repeat of it changes nothing", async () => {
    const { named, task } = await started();
    const second = oneSecond();
    const [first, ...rest] = [true, false, true].map((IsPause) =>
      signed({ ...named, IsPause, ClientToken: token() }, second),
    );
    await inOrder(first as Send, ...rest);
    expect(await task()).toMatchObject({ state: "paused" });
    await signed({ ...named, IsPause: false, ClientToken: token() }, second)();
    expect(await inOrder(first as Send, ...rest)).toMatchObject([{}, {}, {}]);
    expect(await task()).toMatchObject({ state: "playing" });
  });

  test.each(["", "a".repeat(65), "ümlaut", "line\nfeed"])(
    "is refused when it is %j",
    async (ClientToken) => {
      const { named } = await started();
      const { response } = await update({ ...named, Volume: 1, ClientToken });
      expect(response.Error?.Code).toBe("InvalidParameterValue");
    },
  );
});
