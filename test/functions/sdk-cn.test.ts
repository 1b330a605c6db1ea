/** The unmodified Chinese-site SDK (TC3, JSON): only its endpoint is changed. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import { addMs, MINUTE_MS, systemClock } from "../../shared/clock.js";
import {
  CN_APP,
  type TestApp,
  INTL_APP,
  startTestApp,
  SECRET_ID,
  KEY,
} from "../support/app/test-app.js";
import { BAD_INPUT } from "../support/contract/bad-input.js";

describe("tencentcloud-sdk-nodejs, with the api function as endpoint", () => {
  let app: TestApp;
  const clientWith = (secretKey = KEY, reqMethod: "POST" | "GET" = "POST") =>
    new Client({
      credential: { secretId: SECRET_ID, secretKey },
      region: "ap-singapore",
      profile: {
        httpProfile: { protocol: "http://", endpoint: new URL(app.url).host, reqMethod },
      },
    });

  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  const start = (RoomId: string) => ({
    SdkAppId: CN_APP,
    RoomId,
    RoomIdType: 0,
    StreamUrl: app.clip,
    RepeatNum: -1,
    // The SDK's type requires them. Empty ones are left out of the call.
    ...({} as { UserId: string; UserSig: string }),
  });

  test.each(["POST", "GET"] as const)(
    "starts, describes, updates and stops by %s",
    async (method) => {
      const client = clientWith(KEY, method);
      const { TaskId = "", RequestId } = await client.StartStreamIngest(start(`room-${method}`));
      expect(TaskId).toMatch(/^ing-[0-9a-z]{26}$/);
      expect(RequestId).toMatch(/^[0-9a-f-]{36}$/);
      const named = { SdkAppId: CN_APP, TaskId };
      expect(await client.DescribeStreamIngest(named)).toMatchObject({
        Status: "InProgress",
        State: "running",
        RoomId: `room-${method}`,
        UserId: expect.stringMatching(/^robot_/),
      });
      expect(
        await client.UpdateStreamIngest({ ...named, Volume: 150, IsPause: true }),
      ).toMatchObject({
        Status: "InProgress",
      });
      const [task] = (await app.truth.tasks()).filter(({ state }) => state !== "ended");
      expect(task).toMatchObject({ state: "paused" });
      await client.StopStreamIngest(named);
      expect(await client.DescribeStreamIngest(named)).toMatchObject({
        Status: "NotExist",
        State: "ended",
        EndReason: "stopped",
      });
      await client.StopStreamIngest(named);
    },
  );

  test("accepts TRTC's own task id in place of ours", async () => {
    const client = clientWith();
    const { TrtcTaskId } = (await client.request("StartStreamIngest", start("by-trtc-id"))) as {
      TrtcTaskId: string;
    };
    const named = { SdkAppId: CN_APP, TaskId: TrtcTaskId };
    expect(await client.DescribeStreamIngest(named)).toMatchObject({ Status: "InProgress" });
    await client.StopStreamIngest(named);
  });

  test("lists ingests, which TRTC's own API cannot do", async () => {
    const client = clientWith();
    await client.StartStreamIngest(start("listed"));
    const { Ingests } = (await client.request("ListStreamIngests", { RoomId: "listed" })) as {
      Ingests: object[];
    };
    expect(Ingests).toMatchObject([{ RoomId: "listed", State: "running" }]);
  });

  test("schedules an ingest, moves it and stops it before it starts", async () => {
    const client = clientWith();
    const ahead = (hours: number) => addMs(systemClock.now(), hours * 60 * MINUTE_MS).toISOString();
    const request = { ...start("later"), StartTime: ahead(1), StopTime: ahead(4) };
    const { TaskId } = (await client.request("StartStreamIngest", request)) as { TaskId: string };
    const named = { SdkAppId: CN_APP, TaskId };
    const StartTime = ahead(2);

    await client.request("UpdateStreamIngest", { ...named, StartTime });

    expect(await client.DescribeStreamIngest(named)).toMatchObject({
      State: "scheduled",
      StartTime,
      Deadline: request.StopTime,
    });
    await client.StopStreamIngest(named);
    expect(await client.DescribeStreamIngest(named)).toMatchObject({
      State: "ended",
      EndReason: "stopped",
    });
  });

  test("has a source read before it starts", async () => {
    const client = clientWith();
    const request = { ...start("probed"), ProbeSource: true };
    const { TaskId } = (await client.request("StartStreamIngest", request)) as { TaskId: string };
    const named = { SdkAppId: CN_APP, TaskId };

    expect(await client.DescribeStreamIngest(named)).toMatchObject({
      Media: { Container: "mp4", Video: { Codec: "h264" } },
    });
    await client.StopStreamIngest(named);
    const missing = { ...request, StreamUrl: `${app.clip}-missing` };
    await expect(client.request("StartStreamIngest", missing)).rejects.toMatchObject({
      code: "InvalidParameter.StreamUrl",
    });
  });

  test.each(BAD_INPUT)(
    "sees %s as Tencent would send it: %j",
    async (code, { action, ...wrong }) => {
      const named = action === "StartStreamIngest" ? start("bad") : { SdkAppId: CN_APP };
      const before = (await app.truth.tasks()).length;
      const error: unknown = await clientWith()
        .request(action, { ...named, ...wrong.fields })
        .catch((thrown: unknown) => thrown);
      const requestId: unknown = expect.stringMatching(/^[0-9a-f-]{36}$/);
      expect(error).toMatchObject({ code, requestId });
      expect((error as Error).message).toMatch(/\w.*\.$/);
      expect(await app.truth.tasks()).toHaveLength(before);
    },
  );

  test("gets AuthFailure for a wrong key and for an unknown one", async () => {
    const failure = clientWith("another-secret-key").StartStreamIngest(start("forged"));
    await expect(failure).rejects.toMatchObject({ code: "AuthFailure.SignatureFailure" });
    const stranger = new Client({
      credential: { secretId: "AKIDstranger", secretKey: KEY },
      region: "ap-singapore",
      profile: { httpProfile: { protocol: "http://", endpoint: new URL(app.url).host } },
    });
    await expect(stranger.StartStreamIngest(start("forged"))).rejects.toMatchObject({
      code: "AuthFailure.SecretIdNotFound",
    });
  });

  test("is refused a field of the other site, which is not dropped", async () => {
    const call = clientWith().request("StartStreamIngest", {
      ...start("tempo"),
      SdkAppId: INTL_APP,
      Tempo: 1.5,
    });
    await expect(call).rejects.toMatchObject({
      code: "UnknownParameter",
      message: expect.stringContaining("Tempo"),
    });
  });
});
