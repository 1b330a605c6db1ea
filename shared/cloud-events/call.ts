/**
 * Turns a message into a checked call of one use case. The HTTP functions check a caller's request
 * in the same way.
 */
import { ApiError } from "../contract/errors.js";
import { checkRequest } from "../contract/check.js";
import type { StoredSource } from "../store/ingests/ingest-row.js";
import type { Caller, Config } from "../config/configuration.js";
import { type Json, parseObject } from "../json.js";
import type { Action } from "../contract/schemas.js";
import { API_VERSION } from "../contract/sites.js";
import { type EventMessage, type EventObject, tokenOf } from "./message.js";
import { isFolder, ruleFor, startFields } from "./rule.js";
import { objectName, streamUrlOf } from "./stream-url.js";
import { applicationFor, siteFor } from "../config/application-of.js";
import type { Call, CheckedCall, Services, UseCase } from "../ingest/services.js";

const EVENT_ACTIONS = [
  "StartStreamIngest",
  "StopStreamIngest",
  "UpdateStreamIngest",
  "CreateIngestSchedule",
  "UpdateIngestSchedule",
  "DeleteIngestSchedule",
  "RunIngestSchedule",
  "SkipIngestOccurrence",
] as const satisfies readonly Action[];

type EventAction = (typeof EVENT_ACTIONS)[number];

export type EventUseCases = { readonly [A in EventAction]: UseCase<A> };

/** The request in a message, not checked yet. */
export interface Asked {
  action: EventAction;
  caller: Caller;
  fields: Readonly<Record<string, unknown>>;
  region?: string | undefined;
  streamName?: string | undefined;
  source?: StoredSource | undefined;
}

/** Returns `undefined` for an object without a matching rule. Throws ApiError. */
export function askedOf(services: Services, message: EventMessage): Asked | undefined {
  const { config } = services;
  const { content } = message;
  switch (content.kind) {
    case "unreadable":
      throw new ApiError("InvalidRequest", content.problem);
    case "object":
      return askedOfObject(services, content.object);
    case "action":
      return askedOfBody(callerFor(config, message.source), content.body);
  }
}

function callerFor({ eventCallers, callers }: Config, source: string): Caller {
  const caller = callers.get(eventCallers.get(source) ?? "");
  if (caller) return caller;
  throw new ApiError(
    "UnauthorizedOperation",
    "No caller acts for messages of this source: name one in EVENT_CALLERS.",
  );
}

function askedOfObject(services: Services, object: EventObject): Asked | undefined {
  const rule = isFolder(object) ? undefined : ruleFor(services.config.rules, object);
  const caller = services.config.callers.get(rule?.Caller ?? "");
  if (!rule || !caller) return undefined;
  checkQueue(services.config, object, caller);
  const { ScheduleId } = rule;
  if (ScheduleId !== undefined) {
    return { action: "RunIngestSchedule", caller, fields: { ScheduleId } };
  }
  const { StreamUrl, source } = streamUrlOf(services, { rule, object, caller });
  return {
    action: "StartStreamIngest",
    caller,
    fields: { ...startFields(rule, object), StreamUrl },
    streamName: objectName(object),
    source,
  };
}

/**
 * A sender to a queue has the rights of the queue's caller. It cannot use another caller's rule.
 */
function checkQueue({ eventCallers }: Config, { queue }: EventObject, { Id }: Caller): void {
  if (queue === undefined || eventCallers.get(queue) === Id) return;
  throw new ApiError(
    "UnauthorizedOperation",
    "The rule's Caller does not act for the queue that reported the object: name that Caller for the queue in EVENT_CALLERS.",
  );
}

/** Tencent's common parameters stand beside the fields of the action, under their usual names. */
function askedOfBody(caller: Caller, body: string): Asked {
  const { Action, Version, Region, ...fields } = fieldsOf(body);
  const action = EVENT_ACTIONS.find((served) => served === Action);
  if (!action) {
    throw new ApiError("InvalidAction", `Send one of ${EVENT_ACTIONS.join(", ")} as Action.`);
  }
  if (Version !== undefined && Version !== API_VERSION) throw new ApiError("NoSuchVersion");
  if (Region !== undefined && typeof Region !== "string") throw new ApiError("UnsupportedRegion");
  return { action, caller, fields, region: Region };
}

function fieldsOf(body: string): Json {
  const fields = parseObject(body);
  if (fields) return fields;
  throw new ApiError("InvalidParameter.BodyParamsError", "The message is not one JSON object.");
}

export interface EventRun {
  timeLeftMs: () => number;
  /** Number of the replay. It selects the message's token. */
  attempt?: number;
}

/** Throws ApiError at the first problem. This function changes nothing. */
export function checkedMessage(
  { config }: Pick<Services, "config">,
  { message, asked }: { message: EventMessage; asked: Asked },
  { timeLeftMs, attempt }: EventRun,
): CheckedCall<EventAction> {
  const { action, caller, fields, region, streamName, source } = asked;
  const site = siteFor(config, caller, fields);
  const token = tokenOf(message, attempt);
  const request = checkRequest({ action, site }, named(action, fields, token));
  const application = applicationFor(config, caller, { action, request, region });
  const call: Call<EventAction> = {
    caller,
    request,
    application,
    region,
    streamName,
    source,
    isMessage: true,
    // The token identifies a start. A repeated update must not undo a newer one.
    ...(action === "UpdateStreamIngest" ? { signature: token } : {}),
    timeLeftMs,
  };
  return { action, call };
}

/** Actions that a redelivery must not repeat, and that take a ClientToken. */
const TOKEN_ACTIONS = new Set<EventAction>([
  "StartStreamIngest",
  "CreateIngestSchedule",
  "UpdateIngestSchedule",
  "RunIngestSchedule",
]);

const named = (action: EventAction, fields: Asked["fields"], token: string) =>
  TOKEN_ACTIONS.has(action) ? { ClientToken: token, ...fields } : fields;

/**
 * Messages with the same key stay in order within a batch. The key is the provider's group, the
 * ingest, the schedule or the robot. Any other message has a key of its own.
 */
export function orderKeyOf(message: EventMessage): string {
  if (message.group !== undefined) return `group ${message.group}`;
  if (message.content.kind === "action") {
    // A later check refuses a body that is not an object.
    const { TaskId, ScheduleId, UserId } = parseObject(message.content.body) ?? {};
    if (typeof TaskId === "string") return `task ${TaskId}`;
    if (typeof ScheduleId === "string") return `schedule ${ScheduleId}`;
    if (typeof UserId === "string") return `robot ${UserId}`;
  }
  return `message ${tokenOf(message)}`;
}
