/**
 * The parts of a request that the SDKs' TC3 signature does not cover, and the attacks that this
 * allows.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock as clock } from "../../shared/clock.js";
import { CN_APP, type TestApp, KEY, startTestApp, SECRET_ID } from "../support/app/test-app.js";
import { post, signedTc3 } from "../support/http/http-requests.js";
import { codeIn, envelopeIn, rawCaller } from "../support/http/raw-call.js";
import { worldOf } from "../support/app/world.js";
import { nextRoom } from "../support/app/rooms.js";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** A local run's gateway accepts only its own host. */
const own = () => ({ host: new URL(app.url).host });

function startOf(SdkAppId: number) {
  const RoomId = nextRoom();
  return { SdkAppId, RoomId, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 };
}

describe("with an unsigned payload, which covers no body,", () => {
  const action = (name: string) => ({
    ...own(),
    "x-tc-action": name,
    "x-tc-content-sha256": "UNSIGNED-PAYLOAD",
  });
  /** One signature, sent with any body. */
  function signer(name: string) {
    const { headers } = signedTc3(post("", action(name)), {
      secretId: SECRET_ID,
      secretKey: KEY,
      at: clock.now(),
    });
    return async (body: object) => {
      const answer = await rawCaller(app.url).raw({ headers, body: JSON.stringify(body) });
      return envelopeIn(answer).Response as Record<string, unknown>;
    };
  }

  test("an equal start has the same answer, and another start has its own robot", async () => {
    const send = signer("StartStreamIngest");
    const [one, other] = [startOf(CN_APP), startOf(CN_APP)];
    const before = (await app.truth.tasks()).length;
    const { TaskId } = await send(one);
    expect(await send(one)).toMatchObject({ TaskId });
    const another = await send(other);
    expect(another["TaskId"]).toMatch(/^ing-/);
    expect(another["TaskId"]).not.toBe(TaskId);
    expect(await send(other)).toMatchObject({ TaskId: another["TaskId"] });
    expect(await app.truth.tasks()).toHaveLength(before + 2);
  });

  test("another update takes effect, and an equal one does not", async () => {
    const { response } = await app.post("start-ingest", startOf(CN_APP));
    const named = { SdkAppId: CN_APP, TaskId: response["TaskId"] };
    const task = async () =>
      (await app.truth.tasks()).find(({ taskId }) => taskId === response["TrtcTaskId"]);
    const send = signer("UpdateStreamIngest");
    await send({ ...named, Volume: 10 });
    await send({ ...named, Volume: 20 });
    expect(await task()).toMatchObject({ volume: 20 });
    await send({ ...named, Volume: 10 });
    expect(await task()).toMatchObject({ volume: 20 });
  });
});

test("a captured start cannot be sent to another region, although no SDK signs that header", async () => {
  const by = { secretId: SECRET_ID, secretKey: KEY, at: clock.now() };
  const message = post(JSON.stringify(startOf(CN_APP)), {
    ...own(),
    "x-tc-action": "StartStreamIngest",
  });
  const { headers, body } = signedTc3(message, by);
  const { raw } = rawCaller(app.url);
  expect(codeIn(await raw({ headers, body }))).toBeUndefined();
  const before = await worldOf(app);
  for (const region of ["ap-shanghai", "ap-beijing"]) {
    const moved = { ...headers, "x-tc-region": region };
    expect(codeIn(await raw({ headers: moved, body }))).toBe("InvalidParameterValue");
  }
  expect(await worldOf(app)).toEqual(before);
});

describe("the header with the action", () => {
  const describedAs = (action: string, body: object, signedHeaders?: string[]) => {
    const by = { secretId: SECRET_ID, secretKey: KEY, at: clock.now() };
    const described = post(JSON.stringify(body), {
      ...own(),
      "x-tc-action": "DescribeStreamIngest",
    });
    const { headers, body: bytes } = signedTc3(described, {
      ...by,
      ...(signedHeaders && { signedHeaders }),
    });
    return rawCaller(app.url).raw({
      headers: { ...headers, "x-tc-action": action },
      body: bytes,
    });
  };

  // Tencent's SDKs sign the body, the host and the type. Tencent itself has the same gap.
  test("is not covered by the SDKs' TC3 signature, so only TLS protects it", async () => {
    const { response } = await app.post("start-ingest", startOf(CN_APP));
    const named = { SdkAppId: CN_APP, TaskId: response["TaskId"] };
    expect(codeIn(await describedAs("StopStreamIngest", named))).toBeUndefined();
    const { response: seen } = await app.post("describe-ingest", named);
    expect(seen).toMatchObject({ State: "ended" });
  });

  test("is covered when the client signs X-TC-Action as well", async () => {
    const { response } = await app.post("start-ingest", startOf(CN_APP));
    const named = { SdkAppId: CN_APP, TaskId: response["TaskId"] };
    const signedHeaders = ["content-type", "host", "x-tc-action"];
    const before = await worldOf(app);
    const answer = await describedAs("StopStreamIngest", named, signedHeaders);
    expect(codeIn(answer)).toBe("AuthFailure.SignatureFailure");
    expect(await worldOf(app)).toEqual(before);
  });
});
