/** The paths of the function `health` in the OpenAPI document. They have no envelope. */
type Part = Readonly<Record<string, unknown>>;

const TAG = "Operations";
const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN_TEXT = "text/plain; version=0.0.4; charset=utf-8";

export const HEALTH_TAG = {
  name: TAG,
  description:
    "For load balancers, operators and Prometheus. In the cloud `health` has a URL of its own.",
};

export const OPERATOR_SECURITY = {
  operator: {
    type: "http",
    scheme: "bearer",
    description: "A key of OPERATOR_KEYS: `Authorization: Bearer <key>`.",
  },
};

export const HEALTH_SCHEMAS = {
  StatusAnswer: {
    type: "object",
    required: ["status"],
    properties: { status: { type: "string", enum: ["live", "ready", "not ready"] } },
  },
  HealthAnswer: {
    type: "object",
    required: ["status", "checks"],
    properties: {
      status: {
        type: "string",
        enum: ["pass", "warn", "fail"],
        description: "The worst verdict of the checks.",
      },
      checks: {
        type: "array",
        items: {
          type: "object",
          required: ["check", "verdict", "found"],
          properties: {
            check: { type: "string", description: "What was checked. Several rows may share it." },
            verdict: { type: "string", enum: ["pass", "warn", "fail"] },
            found: { type: "string", description: "For people to read." },
            todo: { type: "string", description: "What to do. A pass has none." },
          },
        },
      },
    },
  },
};

const ref = (name: string): Part => ({ $ref: `#/components/schemas/${name}` });

const status = (description: string, name: string): Part => ({
  description,
  content: {
    "application/json": {
      schema: ref("StatusAnswer"),
      examples: { [name]: { value: { status: name } } },
    },
  },
});

const health = (description: string, verdict: "pass" | "fail"): Part => ({
  description,
  content: {
    "application/json": {
      schema: ref("HealthAnswer"),
      examples: {
        [verdict]: {
          value: {
            status: verdict,
            checks: [
              verdict === "pass"
                ? { check: "deadlines", verdict, found: "kept: 12 live ingests, none overdue" }
                : {
                    check: "expire-ingests: last run",
                    verdict,
                    found: "10 min ago: it should run every 60 s",
                    todo: "check its trigger at the cloud and its log",
                  },
            ],
          },
        },
      },
    },
  },
});

const FIGURE = "trtc_ingest_running 12\n";
const text = (example: string): Part => ({
  schema: { type: "string" },
  examples: { metrics: { value: example } },
});

const UNAUTHORIZED = { $ref: "#/components/responses/Error401" };
const UNAVAILABLE = { $ref: "#/components/responses/Error503" };

/** `isOpen`: without a key. */
const operation = (words: Part, isOpen: boolean, responses: Part): Part => ({
  get: {
    ...words,
    tags: [TAG],
    security: isOpen ? [] : [{ operator: [] }],
    parameters: [],
    responses: isOpen ? responses : { ...responses, 401: UNAUTHORIZED },
  },
});

export const HEALTH_PATHS: Part = {
  "/live": operation(
    {
      operationId: "GetLive",
      summary: "Whether an instance can run",
      description: "It asks nothing of the database.",
    },
    true,
    { 200: status("An instance runs.", "live") },
  ),
  "/ready": operation(
    {
      operationId: "GetReady",
      summary: "Whether the deployment does its work",
      description: "The database answers, and no timer is late by three intervals.",
    },
    true,
    { 200: status("It does.", "ready"), 503: status("It does not.", "not ready") },
  ),
  "/health": operation(
    {
      operationId: "GetHealth",
      summary: "A row for each thing to know, with what to do",
      description:
        "The database, the timers, late work, notifications and dead letters, slots and TRTC's last answers.",
    },
    false,
    {
      200: health("Nothing fails. There may be warnings.", "pass"),
      503: health("At least one check fails.", "fail"),
    },
  ),
  "/metrics": operation(
    {
      operationId: "GetMetrics",
      summary: "Metrics for Prometheus, in OpenMetrics",
      description:
        "An Accept header that prefers text/plain gets the older text format of Prometheus.",
    },
    false,
    {
      200: {
        description: "All metrics.",
        content: {
          [OPEN_METRICS]: text(
            `# TYPE trtc_ingest_running gauge\n# HELP trtc_ingest_running Ingests that play.\n${FIGURE}# EOF\n`,
          ),
          [PLAIN_TEXT]: text(`# TYPE trtc_ingest_running gauge\n${FIGURE}`),
        },
      },
      503: UNAVAILABLE,
    },
  ),
};
