/** TRTC's callbacks as it signs and sends them, and the function that receives them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesOf } from "../../../emulator/callbacks/bodies.js";
import { localCallbackKey } from "../../../local/environment/local-environment.js";
import { makeHandler } from "../../../functions/room-callback.js";
import type { Services } from "../../../shared/ingest/services.js";
import { signCallback } from "../../../shared/signing/trtc/callback.js";
import { CN_APP, type TestApp } from "../app/test-app.js";

/** A recorded body, to the byte. */
export const recordedBody = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/callbacks/${name}.json`, import.meta.url)));

export interface Signing {
  sdkAppId?: number;
  key?: string;
  /** Replaces the correct signature. null: no signature. */
  sign?: string | null;
}

export function callbackHeaders(
  body: Buffer,
  {
    sdkAppId = CN_APP,
    key = localCallbackKey(sdkAppId),
    sign = signCallback(key, body),
  }: Signing = {},
): Record<string, string> {
  return {
    "Content-Type": "application/json",
    SdkAppId: String(sdkAppId),
    ...(sign === null ? {} : { Sign: sign }),
  };
}

/** In the form of SCF's function URL. */
export const callbackEvent = (body: Buffer, signing: Signing = {}) => ({
  httpMethod: "POST",
  path: "/",
  headers: callbackHeaders(body, signing),
  queryString: {},
  body: body.toString("utf8"),
});

export interface Answered {
  status: number;
  text: string;
}

/** The function's answer to one event. */
export async function answerTo(services: Services, event: unknown): Promise<Answered> {
  const { statusCode, body } = await makeHandler(() => Promise.resolve(services))(event);
  return { status: statusCode, text: body };
}

export const OK: Answered = { status: 200, text: '{"code":0}' };

/** A callback of TRTC at an instant. `info` has the fields of its type. */
export function eventBody(type: number, info: object, at: Date): Buffer {
  const ms = at.getTime();
  const isIngest = type >= 700;
  return bytesOf({
    EventGroupId: isIngest ? 7 : 1,
    EventType: type,
    ...(isIngest ? { CallbackMsTs: ms } : { CallbackTs: ms }),
    EventInfo: {
      ...info,
      ...(isIngest ? {} : { EventTs: Math.floor(ms / 1000) }),
      EventMsTs: ms,
    },
  });
}

export const source = (TaskId: string, Status: 0 | 1 | 2, at: Date) =>
  eventBody(701, { TaskId, Status }, at);
export const taskEnded = (TaskId: string, at: Date) => eventBody(702, { TaskId, Status: 0 }, at);
export const dismissed = (RoomId: string | number, at: Date) => eventBody(102, { RoomId }, at);
export const entered = (RoomId: string | number, UserId: string, at: Date) =>
  eventBody(103, { RoomId, UserId, Role: 21, TerminalType: 2, UserType: 3, Reason: 1 }, at);
export const left = (RoomId: string | number, UserId: string, at: Date) =>
  eventBody(104, { RoomId, UserId, Role: 21, Reason: 1 }, at);

/** Everything that a callback may change. */
export async function memoryOf({ database }: Pick<TestApp, "database">) {
  return {
    ingests: await database.query("select * from ingest order by task_id"),
    unclaimed: await database.query("select * from unclaimed_task order by trtc_task_id"),
    slots: await database.query("select * from call_slot order by account, action"),
  };
}
