/** One ready request for each action of the OpenAPI document, in an order that can be sent as it is. */
import type { Capture, ReadyRequest } from "./ready-request.js";

/** What is read of `openapi.json`. */
export interface OpenApiDocument {
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: readonly string[];
  security: readonly Readonly<Record<string, unknown>>[];
  parameters: readonly { $ref: string }[];
  requestBody?: {
    content: Readonly<Record<string, { examples: Readonly<Record<string, Example>> }>>;
  };
}

interface Example {
  value: object;
}

/** The example to send where it is not the first one. */
const CHOSEN: Readonly<Record<string, string>> = {
  StartStreamIngest: "a loop for ninety minutes, safe to send again",
};

/** Fields whose value is a variable. */
const VARIABLE_OF: Readonly<Record<string, string>> = {
  SdkAppId: "sdkAppId",
  StreamUrl: "streamUrl",
  BackupStreamUrl: "streamUrl",
  TaskId: "taskId",
  ScheduleId: "scheduleId",
  StartTime: "occurrenceTime",
};

/** The occurrence after the next one cannot have begun. */
const CAPTURES: Readonly<Record<string, Readonly<Record<string, Capture>>>> = {
  StartStreamIngest: { taskId: ["TaskId"] },
  CreateIngestSchedule: {
    scheduleId: ["ScheduleId"],
    occurrenceTime: ["Occurrences", 1, "StartTime"],
  },
};

const KEY_OF: Readonly<Record<string, string>> = { bearer: "key", operator: "operatorKey" };

/** `/` takes each action too, and is for SDKs. */
export function readyRequests({ paths }: OpenApiDocument): ReadyRequest[] {
  const requests = Object.entries(paths)
    .filter(([path]) => path !== "/")
    .flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) =>
        requestsOf(operation, method.toUpperCase(), path),
      ),
    );
  const groups = [...new Set(requests.map(({ group }) => group))];
  return groups.flatMap((name) =>
    requests.filter(({ group }) => group === name).sort((one, other) => rank(one) - rank(other)),
  );
}

/** What is made comes first, and its end last. */
const rank = ({ name }: ReadyRequest): number =>
  /^(?:Start|Create)/.test(name) ? 0 : /^(?:Stop|Delete)/.test(name) ? 2 : 1;

function requestsOf(operation: Operation, method: string, path: string): ReadyRequest[] {
  const { operationId, summary, description, tags, security, parameters } = operation;
  const [group = ""] = tags;
  const scheme = security.flatMap((option) => Object.keys(option)).find((name) => name in KEY_OF);
  const keyVariable = scheme === undefined ? undefined : KEY_OF[scheme];
  const shared = { group, method, path, keyVariable };
  const examples = operation.requestBody?.content["application/json"]?.examples;
  if (examples === undefined) {
    return [{ ...shared, name: operationId, summary, description, headers: {}, captures: {} }];
  }
  const isChosen = parameters.some(({ $ref }) => $ref.endsWith("/Action"));
  return actionsIn(examples).map((action) => {
    const [title, body] = exampleOf(action, examples);
    return {
      ...shared,
      name: action,
      summary: isChosen ? capitalized(title) : summary,
      description: isChosen ? descriptionOf(action, description) : description,
      headers: {
        "Content-Type": "application/json",
        ...(isChosen ? { "X-TC-Action": action } : {}),
      },
      body,
      captures: CAPTURES[action] ?? {},
    };
  });
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** An operation of several actions has a list of them in its description. */
function descriptionOf(action: string, description: string): string {
  const [, own = description] = description.split(`\n- ${action}: `);
  return own.replace(/\n- [^]*$/, "");
}

/** The name of an example is `<action>: <title>`. */
const actionsIn = (examples: Readonly<Record<string, Example>>): string[] => [
  ...new Set(Object.keys(examples).map((name) => name.split(":")[0] ?? name)),
];

function exampleOf(
  action: string,
  examples: Readonly<Record<string, Example>>,
): [title: string, body: string] {
  const own = Object.entries(examples).filter(([name]) => name.startsWith(`${action}: `));
  const chosen = own.find(([name]) => name === `${action}: ${CHOSEN[action]}`) ?? own[0];
  if (chosen === undefined) throw new Error(`${action} has no example`);
  const [name, { value }] = chosen;
  return [name.slice(action.length + 2), bodyOf(value)];
}

/** Without a ClientToken: a request that is sent twice makes two ingests. */
function bodyOf(value: object): string {
  const text = JSON.stringify(
    value,
    (field, part: unknown) => {
      if (field === "ClientToken") return undefined;
      const variable = VARIABLE_OF[field];
      return variable === undefined ? part : `{{${variable}}}`;
    },
    2,
  );
  // A number has no quotes.
  return text.replaceAll('"{{sdkAppId}}"', "{{sdkAppId}}");
}
