/**
 * What calls a function: from what serverless.yml declares and what SCF has to the few calls that
 * make the two agree. The named plugin deletes and makes anew at every deployment, which leaves a
 * function without its timer or URL meanwhile; this changes what differs, and nothing else.
 */
import { isDeepStrictEqual } from "node:util";
import type { TriggerInfo } from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_models.js";
import type { DeclaredEvent } from "../../../local/declared/service-file.js";
import { DeployError } from "../deploy-error.js";

/** The fields of CreateTrigger and UpdateTrigger that say what a trigger is. */
export interface WantedTrigger {
  Type: "http" | "timer" | "cos" | "ckafka";
  TriggerName: string;
  TriggerDesc: string;
  Enable: "OPEN" | "CLOSE";
  Qualifier: string;
  CustomArgument?: string;
}

export interface TriggerStep {
  action: "CreateTrigger" | "UpdateTrigger" | "DeleteTrigger";
  trigger: WantedTrigger;
}

export interface TriggerPlan {
  steps: TriggerStep[];
  /** SCF has them and nobody declares them: made by hand perhaps, so they are left and named. */
  undeclared: string[];
}

/** The version that a URL and a timer serve: the one that is deployed last. */
const QUALIFIER = "$DEFAULT";

/** SCF can change these in place; of a COS trigger only delete and create are offered. */
const CHANGEABLE = new Set(["http", "timer", "ckafka"]);

export function planTriggers(
  wanted: readonly WantedTrigger[],
  existing: readonly TriggerInfo[],
): TriggerPlan {
  const steps = wanted.flatMap((trigger): TriggerStep[] => {
    const found = existing.find((each) => isSame(trigger, each));
    if (!found) return [{ action: "CreateTrigger", trigger }];
    if (isEqual(trigger, found)) return [];
    if (CHANGEABLE.has(trigger.Type)) return [{ action: "UpdateTrigger", trigger }];
    return [
      // Deleting asks for the description that is there.
      {
        action: "DeleteTrigger",
        trigger: { ...trigger, TriggerDesc: found.TriggerDesc ?? "" },
      },
      { action: "CreateTrigger", trigger },
    ];
  });
  const undeclared = existing
    .filter((each) => !wanted.some((trigger) => isSame(trigger, each)))
    .map(({ Type = "?", TriggerName = "?" }) => `${Type} ${TriggerName}`);
  return { steps, undeclared };
}

const isSame = (wanted: WantedTrigger, found: TriggerInfo): boolean =>
  found.Type === wanted.Type && found.TriggerName === wanted.TriggerName;

/** SCF answers with more than it was given (a URL's address, a topic's id): only ours is compared. */
function isEqual(wanted: WantedTrigger, found: TriggerInfo): boolean {
  const isOpen = found.Enable === 1;
  if (isOpen !== (wanted.Enable === "OPEN")) return false;
  if ((found.CustomArgument ?? "") !== (wanted.CustomArgument ?? "")) return false;
  const has = parsedDesc(found.TriggerDesc ?? "");
  // A timer is asked for by its cron line, and answered as JSON.
  if (wanted.Type === "timer") return (has["cron"] ?? found.TriggerDesc) === wanted.TriggerDesc;
  return isWithin(parsedDesc(wanted.TriggerDesc), has);
}

function isWithin(part: unknown, whole: unknown): boolean {
  if (typeof part !== "object" || part === null || Array.isArray(part)) {
    return isDeepStrictEqual(part, whole);
  }
  if (typeof whole !== "object" || whole === null) return false;
  return Object.entries(part).every(([key, value]) =>
    isWithin(value, (whole as Record<string, unknown>)[key]),
  );
}

/** Of a description that is no JSON there is nothing. */
export function parsedDesc(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Retired by Tencent: new ones are refused, and what stands in their place. */
const RETIRED: Readonly<Record<string, string>> = {
  apigw: "Tencent's API Gateway is shut down: declare a functionUrl",
  cmq: "CMQ triggers are retired: declare a ckafka trigger, or send the topic through EventBridge",
};

/** Throws a DeployError that names the function and what it declares wrongly. */
export const triggersOf = (name: string, events: readonly DeclaredEvent[] = []): WantedTrigger[] =>
  events.map((event) => {
    const trigger = triggerOf(event);
    if (trigger) return trigger;
    const kind = Object.keys(event)[0] ?? "nothing";
    const why =
      RETIRED[kind] ?? "the kinds of trigger are functionUrl, timer, cos and ckafka, one an entry";
    throw new DeployError(`${name} declares a trigger of the kind ${kind}: ${why}`);
  });

function triggerOf({ functionUrl, timer, cos, ckafka }: DeclaredEvent): WantedTrigger | undefined {
  if (functionUrl) {
    const { name, authType, intranet = false, extranet = true, cors, enable } = functionUrl;
    const NetConfig = { EnableIntranet: intranet, EnableExtranet: extranet };
    const desc = { AuthType: authType, NetConfig, ...(cors && { CorsConfig: cors }) };
    return trigger("http", name, desc, enable);
  }
  if (timer) {
    const { cronExpression, enable, message } = timer.parameters;
    const wanted = trigger("timer", timer.name, cronExpression, enable);
    return message === undefined ? wanted : { ...wanted, CustomArgument: message };
  }
  if (cos) {
    const { events, filter = {}, enable } = cos.parameters;
    const desc = {
      event: events,
      filter: { Prefix: filter.prefix ?? "", Suffix: filter.suffix ?? "" },
    };
    return trigger("cos", cos.name, desc, enable);
  }
  if (ckafka) {
    const { topic, maxMsgNum, offset = "latest", retry, timeOut, enable } = ckafka.parameters;
    const desc = {
      maxMsgNum: String(maxMsgNum),
      offset,
      ...(retry !== undefined && { retry: String(retry) }),
      ...(timeOut !== undefined && { timeOut: String(timeOut) }),
    };
    return trigger("ckafka", `${ckafka.name}-${topic}`, desc, enable);
  }
  return undefined;
}

const trigger = (
  Type: WantedTrigger["Type"],
  TriggerName: string,
  desc: string | object,
  enable = true,
): WantedTrigger => ({
  Type,
  TriggerName,
  TriggerDesc: typeof desc === "string" ? desc : JSON.stringify(desc),
  Enable: enable ? "OPEN" : "CLOSE",
  Qualifier: QUALIFIER,
});
