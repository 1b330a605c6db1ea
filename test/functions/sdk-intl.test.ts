/**
 * The unmodified international SDK (by default with the older signature over a form). Only its
 * endpoint is changed.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ERROR_TABLE } from "../../shared/contract/error-table.js";
import { BAD_INPUT } from "../support/contract/bad-input.js";
import { CN_APP, type TestApp, INTL_APP, startTestApp } from "../support/app/test-app.js";
import { canSay, type IntlOptions, intlSdk, SIGN_METHODS } from "../support/http/intl-sdk.js";

/** Every way in which the SDK can sign and send. */
const WAYS = SIGN_METHODS.flatMap((signMethod) =>
  (["POST", "GET"] as const).map((reqMethod) => ({ signMethod, reqMethod })),
);

const REQUEST_ID = expect.stringMatching(/^[0-9a-f-]{36}$/);

describe("tencentcloud-sdk-nodejs-intl-en, with the api function as endpoint", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  const sdk = (options?: IntlOptions) => intlSdk(app.url, options);
  const start = (RoomId: string) => ({
    SdkAppId: INTL_APP,
    RoomId,
    RoomIdType: 0,
    StreamUrl: app.clip,
    RepeatNum: -1,
  });
  /** The newest in the room. */
  const taskIn = async (room: string) => {
    const { response } = await app.post("list-ingests", { RoomId: room });
    const [ingest] = response["Ingests"] as { TrtcTaskId: string }[];
    return (await app.truth.tasks()).find(({ taskId }) => taskId === ingest?.TrtcTaskId);
  };

  async function startsDescribesUpdatesStops(room: string, options?: IntlOptions): Promise<void> {
    const { send } = sdk(options);
    const { TaskId, RequestId } = await send("StartStreamIngest", start(room));
    expect([TaskId, RequestId]).toEqual([expect.stringMatching(/^ing-[0-9a-z]{26}$/), REQUEST_ID]);
    expect(await taskIn(room)).toMatchObject({ site: "intl", state: "playing" });
    const named = { SdkAppId: INTL_APP, TaskId };
    const described = await send("DescribeStreamIngest", named);
    expect(described).toMatchObject({ Status: "InProgress", RequestId: REQUEST_ID });
    const change = { ...named, Volume: 70, IsPause: true };
    expect(await send("UpdateStreamIngest", change)).toMatchObject({ Status: "InProgress" });
    expect(await taskIn(room)).toMatchObject({ state: "paused", volume: 70 });
    expect(await send("StopStreamIngest", named)).toMatchObject({ RequestId: REQUEST_ID });
    expect(await taskIn(room)).toMatchObject({ state: "ended", endReason: "stopped" });
    expect(await send("DescribeStreamIngest", named)).toMatchObject({ Status: "NotExist" });
  }

  test("starts, describes, updates and stops in its default mode", async () => {
    await startsDescribesUpdatesStops("as-it-is");
  });

  test.each(WAYS)(
    "starts, describes, updates and stops by $reqMethod, $signMethod",
    async (way) => {
      await startsDescribesUpdatesStops(`${way.reqMethod}-${way.signMethod}`, way);
    },
  );

  test("sends every field that it knows with its type, also in a form", async () => {
    const known = { SeekSecond: 1, AutoPush: false, RepeatNum: 3, MaxDuration: 60, Volume: 0 };
    await sdk().send("StartStreamIngest", { ...start("every-field"), ...known });
    expect(await taskIn("every-field")).toMatchObject({ volume: 0, state: "playing" });
    const [row] = await app.database.query("select play from ingest where room_id = $1", [
      "every-field",
    ]);
    const { MaxDuration: _, ...play } = known;
    expect(row).toEqual({ play: { ...play, StreamUrl: app.clip } });
  });

  test.each(WAYS)(
    "sends a URL with every printable character unchanged: $reqMethod, $signMethod",
    async (way) => {
      const StreamUrl = `${app.clip}?it's=(a)~b!c*d&e=f+g%20h%27;[i]=j,k:@/?$|"<>{}^\``;
      const room = `signs-${way.reqMethod}-${way.signMethod}`;
      await sdk(way).send("StartStreamIngest", { ...start(room), StreamUrl });
      expect(await taskIn(room)).toMatchObject({ state: "playing", streamUrl: StreamUrl });
    },
  );

  test("sends fields that its types do not know yet through its common client", async () => {
    const { sendAny } = sdk();
    const fields = { ...start("any"), RepeatNum: 5, StopTime: "2999-01-01T00:00:00Z" };
    const { Deadline } = await sendAny("StartStreamIngest", { ...fields, ClientToken: "a+b ;=%" });
    const { Ingests } = await sendAny("ListStreamIngests", { RoomId: "any", Limit: 1 });
    expect(Ingests).toMatchObject([{ RoomId: "any", State: "running", Deadline }]);
  });
});

describe("the error that tencentcloud-sdk-nodejs-intl-en throws", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  /** The error of the call, after checking that TRTC got no request. */
  async function thrownBy(call: Promise<unknown>): Promise<unknown> {
    const thrown = await call.then(
      (answer) => ({ answer }),
      (error: unknown) => error,
    );
    expect(await app.truth.tasks()).toEqual([]);
    expect(await app.truth.calls()).toEqual([]);
    return thrown;
  }
  const fieldsOf = (action: string, wrong: object) => ({
    SdkAppId: INTL_APP,
    ...(action === "StartStreamIngest"
      ? { RoomId: "bad", RoomIdType: 0, StreamUrl: app.clip }
      : {}),
    ...wrong,
  });
  const tencents = (code: string) => ({
    code,
    requestId: REQUEST_ID,
    message: expect.stringMatching(/\w.*\.$/),
  });

  const SAYABLE = BAD_INPUT.filter(([, { action, fields }]) => canSay(action, fields));

  test("is tested below for at least ten codes in its default mode", () => {
    const codes = new Set(SAYABLE.map(([code]) => code));
    expect(codes.size).toBeGreaterThanOrEqual(10);
    for (const code of codes) expect(Object.keys(ERROR_TABLE)).toContain(code);
  });

  test.each(SAYABLE)("is %s, as from Tencent, for %j", async (code, { action, fields }) => {
    const wrong = fieldsOf(action, fields);
    expect(await thrownBy(intlSdk(app.url).send(action, wrong))).toMatchObject(tencents(code));
  });

  test.each(BAD_INPUT)(
    "is %s for %j with every kind of signature",
    async (code, { action, fields }) => {
      const wrong = fieldsOf(action, fields);
      for (const way of WAYS) {
        const call = intlSdk(app.url, way).sendAny(action, wrong);
        expect(await thrownBy(call)).toMatchObject(tencents(code));
      }
    },
  );

  test.each(WAYS)("names the failed signature: $reqMethod, $signMethod", async (way) => {
    const describeIt = (options: IntlOptions) =>
      thrownBy(
        intlSdk(app.url, { ...way, ...options }).send("DescribeStreamIngest", { TaskId: "x" }),
      );
    expect(await describeIt({ secretKey: "another-secret-key" })).toMatchObject(
      tencents("AuthFailure.SignatureFailure"),
    );
    expect(await describeIt({ secretId: "AKIDstranger" })).toMatchObject(
      tencents("AuthFailure.SecretIdNotFound"),
    );
  });

  test("names a region in which TRTC could not stop the task", async () => {
    const call = intlSdk(app.url, { region: "ap-tokyo" }).send(
      "StartStreamIngest",
      fieldsOf("StartStreamIngest", {}),
    );
    expect(await thrownBy(call)).toMatchObject(tencents("UnsupportedRegion"));
  });

  test("names a field of the other site, and one that Tencent removed", async () => {
    const { send, sendAny } = intlSdk(app.url);
    const tempo = sendAny("StartStreamIngest", fieldsOf("StartStreamIngest", { Tempo: 1.5 }));
    expect(await thrownBy(tempo)).toMatchObject(tencents("UnknownParameter"));
    const encoded = { VideoEncodeParams: { Width: 1280, Height: 720 } };
    const call = send("StartStreamIngest", fieldsOf("StartStreamIngest", encoded));
    expect(await thrownBy(call)).toMatchObject(tencents("UnknownParameter"));
    const loud = { SdkAppId: CN_APP, TaskId: "x", Volume: 200 };
    const elsewhere = send("UpdateStreamIngest", loud);
    expect(await thrownBy(elsewhere)).toMatchObject(tencents("FailedOperation.TaskNotExist"));
    const here = send("UpdateStreamIngest", { ...loud, SdkAppId: INTL_APP });
    expect(await thrownBy(here)).toMatchObject(tencents("InvalidParameter.OutOfRange"));
  });
});
