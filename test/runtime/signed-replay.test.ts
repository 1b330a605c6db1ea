/** A repeated signed request takes effect once, whether a retry or a thief repeats it. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import {
  CN_APP,
  type TestApp,
  INTL_APP,
  KEY,
  SECRET_ID,
  startTestApp,
  type TrtcHandle,
} from "../support/app/test-app.js";
import { intlSdk } from "../support/http/intl-sdk.js";
import { record, type Recorded, replay } from "../support/http/recording-wire.js";
import { worldOf } from "../support/app/world.js";
import { nextRoom } from "../support/app/rooms.js";

let app: TestApp;
let trtc: TrtcHandle;

beforeAll(async () => {
  app = await startTestApp({ env: { TRTC_TIMEOUT_SECONDS: "2" } });
  ({ trtc } = app);
});
afterAll(() => app.close());

type Send = (url: string, action: string, fields: Record<string, unknown>) => Promise<unknown>;

const byCnSdk: Send = (url, action, fields) =>
  new Client({
    credential: { secretId: SECRET_ID, secretKey: KEY },
    region: "ap-singapore",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(url).host } },
  }).request(action, fields);

const byIntlSdk: Send = (url, action, fields) => intlSdk(url).sendAny(action, fields);

const SDKS = [
  ["TC3, from the Chinese site's SDK", CN_APP, byCnSdk],
  ["the older signature, from the international site's SDK", INTL_APP, byIntlSdk],
] as const;

function startOf(SdkAppId: number) {
  const RoomId = nextRoom();
  return { SdkAppId, RoomId, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 };
}

const again = (recorded: Recorded) => replay(app.url, recorded);
const many = <T>(times: number, make: () => Promise<T>) =>
  Promise.all(Array.from({ length: times }, make));

describe.each(SDKS)("%s", (_, sdkAppId, send) => {
  const capture = (action: string, fields: Record<string, unknown>, options?: { deliver: false }) =>
    record(app.url, (url) => send(url, action, fields), options);

  async function started() {
    const { response } = await app.post("start-ingest", startOf(sdkAppId));
    expect(response.Error).toBeUndefined();
    const named = { SdkAppId: sdkAppId, TaskId: String(response["TaskId"]) };
    const task = async () =>
      (await app.truth.tasks()).find(({ taskId }) => taskId === response["TrtcTaskId"]);
    const update = async (fields: object) => {
      const answer = await app.post("update-ingest", { ...named, ...fields });
      expect(answer.response.Error).toBeUndefined();
    };
    return { named, task, update };
  }

  test("a start that is sent again has the same answer, and starts nothing", async () => {
    const recorded = await capture("StartStreamIngest", startOf(sdkAppId));
    expect(recorded.outcome).toMatchObject({ status: "fulfilled" });
    const before = await worldOf(app);
    const answers = [await again(recorded), await again(recorded)];
    answers.push(...(await many(10, () => again(recorded))));
    const { RequestId: __, ...first } = (recorded.outcome as PromiseFulfilledResult<object>)
      .value as Record<string, unknown>;
    for (const answer of answers) expect(answer).toMatchObject(first);
    expect(new Set(answers.map(({ RequestId }) => RequestId)).size).toBe(answers.length);
    expect(await worldOf(app)).toEqual(before);
  });

  test("a start that is sent ten times at once starts one robot", async () => {
    const recorded = await capture("StartStreamIngest", startOf(sdkAppId), { deliver: false });
    expect(recorded.outcome).toMatchObject({ status: "rejected" });
    const before = (await app.truth.tasks()).length;
    const answers = await many(10, () => again(recorded));
    expect(new Set(answers.map(({ TaskId }) => TaskId)).size).toBe(1);
    expect(answers[0]).toMatchObject({ TaskId: expect.stringMatching(/^ing-/) });
    expect(await app.truth.tasks()).toHaveLength(before + 1);
  });

  test("a start that is sent again after its end starts nothing, and is no success", async () => {
    const recorded = await capture("StartStreamIngest", startOf(sdkAppId));
    const { TaskId } = await again(recorded);
    await app.post("stop-ingest", { SdkAppId: sdkAppId, TaskId });
    const before = await worldOf(app);
    const { Error: refusal } = await again(recorded);
    expect(refusal?.Code).toBe("FailedOperation.TaskFinished");
    expect(await worldOf(app)).toEqual(before);
  });

  test("a pause that is sent again after the resume changes nothing", async () => {
    const { named, task, update } = await started();
    const pause = await capture("UpdateStreamIngest", { ...named, IsPause: true });
    expect(await task()).toMatchObject({ state: "paused" });
    await update({ IsPause: false });
    const before = await worldOf(app);
    for (const answer of [await again(pause), ...(await many(5, () => again(pause)))]) {
      expect(answer).toMatchObject({ Status: "InProgress" });
    }
    expect(await task()).toMatchObject({ state: "playing" });
    expect(await worldOf(app)).toEqual(before);
  });

  test("a repeated update does not undo a later one of deadline, volume or URL", async () => {
    const { named, task, update } = await started();
    const StreamUrl = `${app.clip}?old`;
    const old = { ...named, Volume: 10, StreamUrl, MaxDuration: 60 };
    const recorded = await capture("UpdateStreamIngest", old);
    expect(await task()).toMatchObject({ volume: 10, streamUrl: StreamUrl });
    await update({ Volume: 20, StreamUrl: `${app.clip}?new`, MaxDuration: 120 });
    const before = await worldOf(app);
    const { Deadline } = await again(recorded);
    expect(await worldOf(app)).toEqual(before);
    expect((await app.post("describe-ingest", named)).response).toMatchObject({ Deadline });
  });

  test.each(["http-502", "lose-request", "lose-answer", "hang"] as const)(
    "an update that TRTC did not answer (%s) may be sent again, and takes effect once",
    async (fault) => {
      const { named, task, update } = await started();
      trtc.next("UpdateStreamIngest", fault);
      const recorded = await capture("UpdateStreamIngest", { ...named, Volume: 30 });
      expect(recorded.outcome).toMatchObject({ reason: { code: "InternalError" } });
      expect(await again(recorded)).toMatchObject({ Status: "InProgress" });
      expect(await task()).toMatchObject({ volume: 30 });
      await update({ Volume: 40 });
      expect(await again(recorded)).toMatchObject({ Status: "InProgress" });
      expect(await task()).toMatchObject({ volume: 40 });
    },
  );

  test("a stop that is sent again is a success, and asks TRTC once", async () => {
    const { named, task } = await started();
    const stop = await capture("StopStreamIngest", named);
    const before = await worldOf(app);
    const answers = [await again(stop), ...(await many(5, () => again(stop)))];
    expect(answers.filter(({ Error }) => Error !== undefined)).toEqual([]);
    expect(await task()).toMatchObject({ endReason: "stopped", stopCalls: 1 });
    expect(await worldOf(app)).toEqual(before);
  });
});
