/**
 * Compares the triggers of serverless.yml with SCF's, and returns the few calls that make them
 * match. The plugin itself deletes and creates all triggers at every deployment, so a function
 * briefly loses its timer or URL. Here only differences change.
 */
import { isDeepStrictEqual } from "node:util";
import type { TriggerInfo } from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_models.js";
import type { DeclaredEvent } from "../../../server/declared/service-file.js";
import { DeployError } from "../deploy-error.js";

/** The fields of CreateTrigger and UpdateTrigger that define a trigger. */
export interface DeclaredTrigger {
  Type: "http" | "timer" | "cos" | "ckafka";
  TriggerName: string;
  TriggerDesc: string;
  Enable: "OPEN" | "CLOSE";
  Qualifier: string;
  CustomArgument?: string;
}

export interface TriggerStep {
  action: "CreateTrigger" | "UpdateTrigger" | "DeleteTrigger";
  trigger: DeclaredTrigger;
}

export interface TriggerPlan {
  steps: TriggerStep[];
  /**
   * Triggers in SCF that serverless.yml does not declare. A person may have made them, so they are
   * reported and stay.
   */
  undeclared: string[];
}

/** A URL and a timer serve this version: the latest deployment. */
const QUALIFIER = "$DEFAULT";

/** SCF can change these in place. For a COS trigger it offers only delete and create. */
const CHANGEABLE = new Set(["http", "timer", "ckafka"]);

export function planTriggers(
  declared: readonly DeclaredTrigger[],
  existing: readonly TriggerInfo[],
): TriggerPlan {
  const steps = declared.flatMap((trigger): TriggerStep[] => {
    const deployed = existing.find((info) => isSame(trigger, info));
    if (!deployed) return [{ action: "CreateTrigger", trigger }];
    if (isEqual(trigger, deployed)) return [];
    if (CHANGEABLE.has(trigger.Type)) return [{ action: "UpdateTrigger", trigger }];
    return [
      // Deleting requires the existing description.
      {
        action: "DeleteTrigger",
        trigger: { ...trigger, TriggerDesc: deployed.TriggerDesc ?? "" },
      },
      { action: "CreateTrigger", trigger },
    ];
  });
  const undeclared = existing
    .filter((info) => !declared.some((trigger) => isSame(trigger, info)))
    .map(({ Type = "?", TriggerName = "?" }) => `${Type} ${TriggerName}`);
  return { steps, undeclared };
}

const isSame = (declared: DeclaredTrigger, deployed: TriggerInfo): boolean =>
  deployed.Type === declared.Type && deployed.TriggerName === declared.TriggerName;

/** SCF adds fields to its answer (a URL's address, a topic's id). Only our fields are compared. */
function isEqual(declared: DeclaredTrigger, deployed: TriggerInfo): boolean {
  const isOpen = deployed.Enable === 1;
  if (isOpen !== (declared.Enable === "OPEN")) return false;
  if ((deployed.CustomArgument ?? "") !== (declared.CustomArgument ?? "")) return false;
  const has = parsedDesc(deployed.TriggerDesc ?? "");
  // A timer is requested by its cron line and answered as JSON.
  if (declared.Type === "timer")
    return (has["cron"] ?? deployed.TriggerDesc) === declared.TriggerDesc;
  return isWithin(parsedDesc(declared.TriggerDesc), has);
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

/** A description that is not JSON counts as empty. */
export function parsedDesc(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Types that Tencent has retired: it refuses new ones. The text names the replacement. */
const RETIRED: Readonly<Record<string, string>> = {
  apigw: "Tencent's API Gateway is shut down: declare a functionUrl",
  cmq: "CMQ triggers are retired: declare a ckafka trigger, or send the topic through EventBridge",
};

/** Throws a DeployError that names the function and its wrong declaration. */
export const triggersOf = (
  name: string,
  events: readonly DeclaredEvent[] = [],
): DeclaredTrigger[] =>
  events.map((event) => {
    const trigger = triggerOf(event);
    if (trigger) return trigger;
    const kind = Object.keys(event)[0] ?? "nothing";
    const why =
      RETIRED[kind] ?? "the kinds of trigger are functionUrl, timer, cos and ckafka, one an entry";
    throw new DeployError(`${name} declares a trigger of the kind ${kind}: ${why}`);
  });

function triggerOf({
  functionUrl,
  timer,
  cos,
  ckafka,
}: DeclaredEvent): DeclaredTrigger | undefined {
  if (functionUrl) {
    const { name, authType, intranet = false, extranet = true, cors, enable } = functionUrl;
    const NetConfig = { EnableIntranet: intranet, EnableExtranet: extranet };
    const desc = { AuthType: authType, NetConfig, ...(cors && { CorsConfig: cors }) };
    return trigger("http", name, desc, enable);
  }
  if (timer) {
    const { cronExpression, enable, message } = timer.parameters;
    const withoutMessage = trigger("timer", timer.name, cronExpression, enable);
    return message === undefined ? withoutMessage : { ...withoutMessage, CustomArgument: message };
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
  Type: DeclaredTrigger["Type"],
  TriggerName: string,
  desc: string | object,
  enable = true,
): DeclaredTrigger => ({
  Type,
  TriggerName,
  TriggerDesc: typeof desc === "string" ? desc : JSON.stringify(desc),
  Enable: enable ? "OPEN" : "CLOSE",
  Qualifier: QUALIFIER,
});
