/** Cloud events as the providers document them, and the function that receives them. */
import { readdirSync, readFileSync } from "node:fs";
import { invoke } from "../../../server/platform.js";
import { CN_APP, type TestApp } from "../app/test-app.js";

const FOLDER = new URL("../../fixtures/events/", import.meta.url);

export const FIXTURES = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ""));

/** An event with a list of records. */
export interface Batch {
  Records: unknown[];
}

/** With its places filled in: the media, and the ingest that it names. */
export function fixture(name: string, app: TestApp, taskId = "ing-none"): unknown {
  const text = readFileSync(new URL(`${name}.json`, FOLDER), "utf8");
  return JSON.parse(text.replaceAll("${StreamUrl}", app.clip).replaceAll("${TaskId}", taskId));
}

/** Calls the function as the platform does, with its own time limit. */
export const send = (app: TestApp, event: unknown): Promise<unknown> =>
  invoke(app.functionNamed("cloud-event"), event);

/** Calls the function with this much remaining time. */
export const sendWith = (app: TestApp, event: unknown, timeLeftMs: number): Promise<unknown> =>
  app.functionNamed("cloud-event").handler(event, {
    request_id: "short",
    getRemainingTimeInMillis: () => timeLeftMs,
  });

/**
 * The state that shuffled or repeated events must not change. Times and random ids are left out.
 */
export async function stateOf({ database, truth }: TestApp) {
  const rows = await database.query(
    `select room_id, state, end_reason, play ->> 'Volume' as volume, client_token
     from ingest order by room_id, client_token, task_id`,
  );
  const tasks = (await truth.tasks()).map(({ roomId, state }) => `${roomId} ${state}`).sort();
  return { rows, tasks };
}

export const deadLettersOf = ({ services }: TestApp) =>
  services.store.deadLetters.list({ all: true, limit: 1000 });

export const startAction = (app: TestApp, fields: object = {}) => ({
  Action: "StartStreamIngest",
  SdkAppId: CN_APP,
  RoomId: "room",
  RoomIdType: 0,
  StreamUrl: app.clip,
  RepeatNum: -1,
  MaxDuration: 5,
  ...fields,
});

export const ckafka = (...bodies: unknown[]): Batch => ({
  Records: bodies.map((body, offset) => ({
    Ckafka: {
      topic: "ingests",
      Partition: 0,
      offset,
      msgKey: "None",
      msgBody: typeof body === "string" ? body : JSON.stringify(body),
    },
  })),
});

export const QUEUE = "arn:aws:sqs:ap-southeast-1:123456789012:ingests";

export const sqs = (...messages: [id: string, body: unknown][]): Batch => ({
  Records: messages.map(([messageId, body]) => ({
    messageId,
    eventSource: "aws:sqs",
    eventSourceARN: QUEUE,
    body: typeof body === "string" ? body : JSON.stringify(body),
  })),
});
