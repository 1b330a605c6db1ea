/**
 * Every error code that TRTC documents for the four actions, through its official SDK. A code comes
 * by its cause, or by a fault if its cause is unknown.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DOCUMENTED_CODES } from "../../emulator/coverage/codes.js";
import type { TrtcAction } from "../../emulator/api/schemas.js";
import type { Emulator } from "../../emulator/server.js";
import { newTaskId } from "../../emulator/tasks/task-id.js";
import {
  CN_APP,
  cnSdk,
  codeOf,
  type Fields,
  LOCKED_APP,
  NO_RTMP_APP,
  type Send,
  startFields,
  startRestrictedEmulator,
} from "../support/http/emulator-client.js";

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startRestrictedEmulator();
});
afterAll(() => emulator.close());

type Cause = (send: Send, action: TrtcAction) => Promise<unknown>;
const cases = Object.entries(DOCUMENTED_CODES).flatMap(
  ([action, codes]: [string, readonly string[]]) =>
    codes.map((code) => ({ action: action as TrtcAction, code })),
);

const start =
  (fields: Fields, app = CN_APP): Cause =>
  (send) =>
    send("StartStreamIngest", startFields(app, fields));

const without =
  (field: string): Cause =>
  (send, action) => {
    const fields: Fields =
      action === "StartStreamIngest" ? startFields() : { SdkAppId: CN_APP, TaskId: newTaskId() };
    return send(
      action,
      Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field)),
    );
  };

const onEndedTask: Cause = async (send, action) => {
  const { TaskId } = await send("StartStreamIngest", startFields());
  await send("StopStreamIngest", { SdkAppId: CN_APP, TaskId });
  return send(action, { SdkAppId: CN_APP, TaskId });
};

const twice: Cause = async (send) => {
  const fields = startFields();
  await send("StartStreamIngest", fields);
  return send("StartStreamIngest", fields);
};

const overQuota: Cause = (send) => {
  emulator.switches.replace({ ...emulator.switches.read(), concurrency: 0 });
  return send("StartStreamIngest", startFields());
};

const garbageTaskId: Cause = (send, action) =>
  send(action, { SdkAppId: CN_APP, TaskId: "nonsense" });

const wrongUrl: Cause = async (send) => {
  const { TaskId } = await send("StartStreamIngest", startFields());
  return send("UpdateStreamIngest", { SdkAppId: CN_APP, TaskId, StreamUrl: "a.mp4" });
};

const noBody: Cause = (send, action) => send(action, "no JSON object" as unknown as Fields);

/** The known causes. A code without one is produced by a fault. */
const CAUSES: Readonly<Record<string, Cause>> = {
  "FailedOperation.NotAllowed": start({}, LOCKED_APP),
  "FailedOperation.NotRtmpFunction": start({}, NO_RTMP_APP),
  "FailedOperation.RestrictedConcurrency": overQuota,
  "FailedOperation.TaskExist": twice,
  "FailedOperation.TaskFinished": onEndedTask,
  "FailedOperation.TaskNotExist": onEndedTask,
  "InvalidParameter.BodyParamsError": noBody,
  "InvalidParameter.RoomId": start({ RoomId: "room123", RoomIdType: 1 }),
  "InvalidParameter.StrRoomId": start({ RoomId: "a/b" }),
  "InvalidParameter.SdkAppId": (send, action) =>
    action === "StartStreamIngest"
      ? send(action, startFields(7))
      : send(action, { SdkAppId: 7, TaskId: newTaskId() }),
  "InvalidParameter.StreamUrl": (send, action) =>
    action === "StartStreamIngest"
      ? start({ StreamUrl: "a.mp4" })(send, action)
      : wrongUrl(send, action),
  "InvalidParameter.TaskId": garbageTaskId,
  "InvalidParameter.UserSig": start({ UserSig: "eJwrSS0u" }),
  "MissingParameter.RoomId": without("RoomId"),
  "MissingParameter.SdkAppId": without("SdkAppId"),
  "MissingParameter.TaskId": without("TaskId"),
};

/** Listed for StartStreamIngest although it has no TaskId, so it has no cause there. */
const isOnDemand = (action: TrtcAction, code: string): boolean =>
  !Object.hasOwn(CAUSES, code) || (action === "StartStreamIngest" && code.endsWith(".TaskId"));

const caused = cases.filter(({ action, code }) => !isOnDemand(action, code));
const onDemand = cases.filter(({ action, code }) => isOnDemand(action, code));

test.each(caused)("$action answers $code by its cause", async ({ action, code }) => {
  const switches = emulator.switches.read();
  const call = CAUSES[code]?.(cnSdk(emulator), action) ?? Promise.resolve();
  expect(await codeOf(call)).toBe(code);
  emulator.switches.replace(switches);
});

test.each(onDemand)("$action answers $code on demand, once", async ({ action, code }) => {
  const send = cnSdk(emulator);
  const { TaskId } = await send("StartStreamIngest", startFields());
  const fields = action === "StartStreamIngest" ? startFields() : { SdkAppId: CN_APP, TaskId };
  emulator.faults.add({ action, kind: "error", code, times: 1 });
  expect(await codeOf(send(action, fields))).toBe(code);
  expect(await send(action, fields)).toHaveProperty("RequestId");
});
