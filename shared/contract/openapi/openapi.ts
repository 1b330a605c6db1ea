/**
 * The contract as an OpenAPI 3.1 document, built from the schemas, the answers and the error table.
 * The functions check requests with the same schemas. `npm run openapi` writes it.
 */
import type { TObject } from "@sinclair/typebox";
import { ANSWERS, INGEST } from "../answers.js";
import { CONFLICT, OCCURRENCE, PREVIEWED, SCHEDULE } from "../schedules/answers.js";
import { isScheduleAction } from "../schedules/schemas.js";
import { ACTION_PAGES } from "./actions.js";
import { errorReferences, errorResponses, errorSchemas } from "./errors.js";
import { HEALTH_PATHS, HEALTH_SCHEMAS, HEALTH_TAG, OPERATOR_SECURITY } from "./health.js";
import {
  INFO,
  parametersFor,
  REQUEST_ID,
  REQUEST_ID_EXAMPLE,
  SECURITY_SCHEMES,
  SERVERS,
  TAGS,
} from "./protocol.js";
import { type Action, ACTIONS, SCHEMAS } from "../schemas.js";
import { SITES, type Site } from "../sites.js";
import { INGEST_EVENT } from "../timeline.js";

type Part = Readonly<Record<string, unknown>>;

/** The text of `openapi.json`: two spaces of indentation and a final line break. */
export const openApiText = (): string => `${JSON.stringify(openApiDocument(), partByName, 2)}\n`;

/** Parts of more than one answer, or of a list. */
const NAMED_PARTS: Readonly<Record<string, TObject>> = {
  Ingest: INGEST,
  IngestEvent: INGEST_EVENT,
  IngestSchedule: SCHEDULE,
  IngestOccurrence: OCCURRENCE,
  PreviewedOccurrence: PREVIEWED,
  ScheduleConflict: CONFLICT,
};

const NAME_OF = new Map<unknown, string>(
  Object.entries(NAMED_PARTS).map(([name, part]) => [part, name]),
);

/** Refers to these parts by name, so that a generated client has one type for each. */
const partByName = (key: string, value: unknown): unknown => {
  const name = NAME_OF.get(value);
  return name !== undefined && key !== name ? ref(name) : value;
};

function openApiDocument() {
  return {
    openapi: "3.1.0",
    info: INFO,
    servers: SERVERS,
    tags: [...TAGS, HEALTH_TAG],
    paths: {
      "/": { post: anyAction() },
      ...Object.fromEntries(ACTIONS.filter(hasOwnPath).map(pathOf)),
      [`/${DESCRIBE}`]: { post: anyDescription() },
      [`/${SCHEDULES}`]: { post: anyScheduleAction() },
      ...HEALTH_PATHS,
    },
    components: {
      securitySchemes: { ...SECURITY_SCHEMES, ...OPERATOR_SECURITY },
      parameters: parametersFor(ACTIONS),
      schemas: {
        ...Object.fromEntries(ACTIONS.flatMap((action) => requestSchemas(action))),
        ...Object.fromEntries(ACTIONS.map((action) => [`${action}Answer`, answerSchema(action)])),
        ...NAMED_PARTS,
        ...HEALTH_SCHEMAS,
        ...errorSchemas(),
      },
      responses: errorResponses(),
    },
  };
}

/** One function serves all actions of schedules, and another one all that describe an ingest. */
const SCHEDULES = "schedules";
const DESCRIBE = "describe-ingest";

const DESCRIPTIONS: readonly Action[] = ["DescribeStreamIngest", "DescribeIngestTimeline"];

const hasOwnPath = (action: Action): boolean =>
  !isScheduleAction(action) && !DESCRIPTIONS.includes(action);

/** The function that serves an action: `StartStreamIngest` has `start-ingest`. */
export function functionOf(action: Action): string {
  if (isScheduleAction(action)) return SCHEDULES;
  if (DESCRIPTIONS.includes(action)) return DESCRIBE;
  return action
    .replace("Stream", "")
    .replace(/(?<=[a-z])[A-Z]/g, "-$&")
    .toLowerCase();
}

const ref = (schema: string): Part => ({ $ref: `#/components/schemas/${schema}` });

const json = (schema: Part, examples: Part): Part => ({
  "application/json": { schema, examples },
});

const pathOf = (action: Action): [path: string, item: Part] => {
  const { summary, description } = ACTION_PAGES[action];
  const operation = {
    operationId: action,
    tags: ["Ingests"],
    summary,
    description,
    security: [{ bearer: [] }],
    parameters: [parameter("Version"), parameter("Region")],
    requestBody: { required: true, content: json(ref(`${action}Request`), requests(action)) },
    responses: {
      200: { description: "Done.", content: json(ref(`${action}Answer`), answerOf(action)) },
      ...errorReferences(),
    },
  };
  return [`/${functionOf(action)}`, { post: operation }];
};

const anyAction = (): Part =>
  chosenAction(ACTIONS, {
    operationId: "CallAction",
    tags: ["SDKs"],
    summary: "Any action, chosen by X-TC-Action",
    description:
      "The one URL that an unmodified Tencent SDK needs as its endpoint. It takes GET with the fields in the query, and the older signature with the fields in a form, as Tencent does.",
  });

const anyDescription = (): Part =>
  chosenAction(DESCRIPTIONS, {
    operationId: "DescribeIngest",
    tags: ["Ingests"],
    summary: "Look an ingest up, or its history",
    description: `X-TC-Action chooses. Without it the request is DescribeStreamIngest.\n\n${DESCRIPTIONS.map(
      (action) => `- ${action}: ${ACTION_PAGES[action].description}`,
    ).join("\n")}`,
  });

const anyScheduleAction = (): Part =>
  chosenAction(ACTIONS.filter(isScheduleAction), {
    operationId: "CallScheduleAction",
    tags: ["Schedules"],
    summary: "Any action of schedules, chosen by X-TC-Action",
    description: `A schedule plays an ingest again and again. One function serves its actions:\n\n${ACTIONS.filter(
      isScheduleAction,
    )
      .map((action) => `- ${action}: ${ACTION_PAGES[action].description}`)
      .join("\n")}`,
  });

function chosenAction(actions: readonly Action[], words: Part): Part {
  return {
    ...words,
    security: [{ bearer: [] }, { tc3: [] }],
    parameters: ["Action", "Version", "Region", "Timestamp"].map(parameter),
    requestBody: {
      required: true,
      content: json(
        { anyOf: actions.map((action) => ref(`${action}Request`)) },
        ofEach(actions, requests),
      ),
    },
    responses: {
      200: {
        description: "Done; or, to a signed caller only, an error.",
        content: json(
          { anyOf: [...actions.map((action) => ref(`${action}Answer`)), ref("ErrorAnswer")] },
          ofEach(actions, answerOf),
        ),
      },
      ...errorReferences(),
    },
  };
}

const parameter = (name: string): Part => ({ $ref: `#/components/parameters/${name}` });

const ofEach = (actions: readonly Action[], examplesOf: (action: Action) => Part): Part =>
  Object.fromEntries(actions.flatMap((action) => Object.entries(examplesOf(action))));

const requests = (action: Action): Part => {
  const examples = Object.entries<object>(ACTION_PAGES[action].requests);
  return Object.fromEntries(
    examples.map(([name, value]) => [`${action}: ${name}`, { value }] as const),
  );
};

const answerOf = (action: Action): Part => ({
  [action]: {
    value: { Response: { ...ACTION_PAGES[action].answer, RequestId: REQUEST_ID_EXAMPLE } },
  },
});

const SITE_NAMES: Readonly<Record<Site, string>> = {
  intl: "An application of the international site.",
  cn: "An application of the Chinese site.",
};

/** One schema where both sites agree. Otherwise one per site; the application's site decides. */
function requestSchemas(action: Action): [name: string, schema: Part][] {
  const schemas: Readonly<Record<Site, TObject>> = SCHEMAS[action];
  if (schemas.intl === schemas.cn) return [[`${action}Request`, schemas.cn]];
  const names = SITES.map((site) => `${action}${site === "cn" ? "Cn" : "Intl"}`);
  return [
    [`${action}Request`, { anyOf: names.map(ref) }],
    ...SITES.map((site, index): [string, Part] => [
      names[index] ?? action,
      { description: SITE_NAMES[site], ...schemas[site] },
    ]),
  ];
}

function answerSchema(action: Action): Part {
  const { properties, required = [] }: TObject = ANSWERS[action];
  return {
    type: "object",
    required: ["Response"],
    properties: {
      Response: {
        type: "object",
        required: [...required, "RequestId"],
        properties: { ...properties, RequestId: REQUEST_ID },
      },
    },
  };
}
