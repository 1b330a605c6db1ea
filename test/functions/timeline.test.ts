/** DescribeIngestTimeline over HTTP and through the unmodified SDKs. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { TIMELINE_ANSWER, type TimelineAnswer } from "../../shared/contract/timeline.js";
import { nextRoom } from "../support/app/rooms.js";
import { CN_APP, INTL_APP, startTestApp, type TestApp } from "../support/app/test-app.js";
import { faults } from "../support/contract/openapi-document.js";
import { SDK_WAYS } from "../support/http/sdk-ways.js";

const OTHER = "key-of-another-caller";

let app: TestApp;
beforeAll(async () => {
  const applications = [CN_APP, INTL_APP];
  const CALLERS = JSON.stringify([
    { Id: "AKIDlocal", SecretKeys: ["local-secret-key"], SdkAppIds: applications },
    { Id: "AKIDother", SecretKeys: [OTHER], SdkAppIds: applications },
  ]);
  app = await startTestApp({ env: { CALLERS } });
});
afterAll(() => app.close());

const requestOf = (SdkAppId: number) => ({
  SdkAppId,
  RoomId: nextRoom(),
  RoomIdType: 0,
  StreamUrl: `${app.clip}?key=secret`,
  MaxDuration: 10,
});

const encoded = (text: string): string => Buffer.from(text).toString("base64url");

const ACTION = { "x-tc-action": "DescribeIngestTimeline" };

async function timelineOf(fields: object, headers: Record<string, string> = ACTION) {
  const { response } = await app.post("describe-ingest", fields, headers);
  return response as unknown as TimelineAnswer & { Error?: { Code: string; Message: string } };
}

/** A started and stopped ingest. */
async function ended() {
  const request = requestOf(CN_APP);
  const { response } = await app.post("start-ingest", request);
  const named = { SdkAppId: CN_APP, TaskId: String(response["TaskId"]) };
  await app.post("stop-ingest", named);
  return { ...named, TrtcTaskId: String(response["TrtcTaskId"]), request };
}

describe.each(SDK_WAYS)("through the SDK, %s", (_, SdkAppId, senderTo) => {
  test("the action answers who did what, oldest first", async () => {
    const send = senderTo(app.url);
    const { TaskId } = (await send("StartStreamIngest", requestOf(SdkAppId))) as { TaskId: string };
    await send("StopStreamIngest", { SdkAppId, TaskId });
    const { Events, NextCursor } = (await send("DescribeIngestTimeline", {
      SdkAppId,
      TaskId,
    })) as TimelineAnswer;
    expect(Events.map(({ Sequence, Type }) => `${Sequence} ${Type}`)).toEqual([
      "1 created",
      "2 started",
      "3 stopping",
      "4 ended",
    ]);
    expect(Events[0]?.Actor).toMatchObject({ Kind: "caller", Function: "api", From: "127.0.0.1" });
    expect(NextCursor).toBeNull();
  });
});

test("the answer fits the OpenAPI document, and has no part of a URL that may be secret", async () => {
  const { TaskId } = await ended();
  const { RequestId: _, ...answer } = (await timelineOf({ TaskId })) as TimelineAnswer & {
    RequestId: string;
  };
  expect(faults(TIMELINE_ANSWER, answer)).toEqual([]);
  expect(JSON.stringify(answer)).toContain("clip.mp4?...");
  expect(JSON.stringify(answer)).not.toContain("secret");
});

test("the end has its EndDetail, on any page, and no other event has", async () => {
  const { TaskId, SdkAppId } = await ended();
  const { response: described } = await app.post("describe-ingest", { SdkAppId, TaskId });
  const { Events } = await timelineOf({ TaskId });
  const [last, ...before] = Events.toReversed();
  expect(last?.After).toMatchObject({ State: "ended", EndDetail: described["EndDetail"] });
  expect(described["EndDetail"]).toMatch(/^A request of the caller asked for a stop at /);
  expect(before.filter(({ After }) => "EndDetail" in After)).toEqual([]);
  const alone = await timelineOf({ TaskId, Cursor: encoded("after 3") });
  expect(alone.Events).toEqual([last]);
});

test("a start that failed has its EndDetail too", async () => {
  const request = { ...requestOf(CN_APP), ClientToken: "refused" };
  app.emulator.faults.add({
    action: "StartStreamIngest",
    kind: "error",
    code: "FailedOperation.NotAllowed",
    times: 1,
  });
  await app.post("start-ingest", request);
  const listed = await app.post("list-ingests", { ClientToken: "refused" });
  const [{ TaskId, EndDetail }] = listed.response["Ingests"] as [Record<string, string>];
  const { Events } = await timelineOf({ TaskId });
  expect(Events.at(-1)?.After).toMatchObject({ EndReason: "failed", EndDetail });
});

test("its pages follow each other, also on the function api", async () => {
  const { TaskId } = await ended();
  const types: string[] = [];
  let Cursor: string | null | undefined;
  for (let pages = 0; pages < 10 && Cursor !== null; pages += 1) {
    const fields = { TaskId, Limit: 1, ...(Cursor === undefined ? {} : { Cursor }) };
    const answer = await app.post("api", fields, ACTION);
    const { Events, NextCursor } = answer.response as unknown as TimelineAnswer;
    types.push(...Events.map(({ Type }) => Type));
    Cursor = NextCursor;
  }
  expect(types).toEqual(["created", "started", "stopping", "ended"]);
});

test("an ingest is found by the TaskId of TRTC too", async () => {
  const { TrtcTaskId } = await ended();
  expect((await timelineOf({ SdkAppId: CN_APP, TaskId: TrtcTaskId })).Events).toHaveLength(4);
});

test("another caller's ingest is like one that does not exist", async () => {
  const { TaskId } = await ended();
  const authorization = `Bearer ${OTHER}`;
  for (const named of [TaskId, "ing-01kdvz1m00abcdefghjkmnpqrs"]) {
    const { Error } = await timelineOf({ TaskId: named }, { ...ACTION, authorization });
    expect(Error?.Code).toBe("FailedOperation.TaskNotExist");
    expect(Error?.Message).toContain("The caller has no such ingest in this application");
  }
});

test.each(["nonsense", ...["after -1", "after 12345678901"].map(encoded)])(
  "the cursor %s is refused with what to send",
  async (Cursor) => {
    const { TaskId } = await ended();
    expect((await timelineOf({ TaskId, Cursor })).Error).toEqual({
      Code: "InvalidParameterValue",
      Message:
        "Cursor is wrong: send the NextCursor of the answer before, or none for the first page.",
    });
  },
);

test("without its action the function describes the ingest", async () => {
  const { TaskId } = await ended();
  const { response } = await app.post("describe-ingest", { TaskId });
  expect(response).toMatchObject({ TaskId, State: "ended" });
  const refused = await app.post(
    "describe-ingest",
    { TaskId },
    { "x-tc-action": "StopStreamIngest" },
  );
  expect(refused.response.Error).toEqual({
    Code: "InvalidAction",
    Message: "Send one of DescribeStreamIngest, DescribeIngestTimeline as X-TC-Action.",
  });
});
