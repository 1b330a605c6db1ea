/** The error table in the OpenAPI document: one response for each HTTP status. */
import { STATUS_CODES } from "node:http";
import { ERROR_TABLE, type ErrorRow } from "../error-table.js";
import { REQUEST_ID, REQUEST_ID_EXAMPLE } from "./protocol.js";

type Part = Readonly<Record<string, unknown>>;

const rows = Object.entries<ErrorRow>(ERROR_TABLE);

const statuses = [...new Set(rows.map(([, { status }]) => status))].sort((a, b) => a - b);

/** The `responses` of an operation: a reference for each status. */
export const errorReferences = (): Part =>
  Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]),
  );

/** The document's `components.responses`. */
export const errorResponses = (): Part =>
  Object.fromEntries(statuses.map((status) => [`Error${status}`, responseOf(status)]));

/** The document's `components.schemas` for errors. */
export const errorSchemas = (): Part => ({
  ErrorCode: {
    description: "A code of this list, or a code that TRTC adds later.",
    anyOf: [{ type: "string", enum: rows.map(([code]) => code) }, { type: "string" }],
  },
  ErrorAnswer: {
    type: "object",
    description: "The form of every refusal. No other answer has the field Error.",
    required: ["Response"],
    properties: {
      Response: {
        type: "object",
        required: ["Error", "RequestId"],
        properties: {
          Error: {
            type: "object",
            required: ["Code", "Message"],
            properties: {
              Code: { $ref: "#/components/schemas/ErrorCode" },
              Message: {
                type: "string",
                description: "For people to read: what is wrong, and what to send or do instead.",
              },
            },
          },
          RequestId: REQUEST_ID,
        },
      },
    },
  },
});

function responseOf(status: number): Part {
  const own = rows.filter(([, row]) => row.status === status);
  const canRepeat = own.some(([, { retry }]) => retry);
  const lines = own.map(([code, row]) => {
    return `- \`${code}\`${row.retry ? " (worth repeating)" : ""}: ${row.advice}`;
  });
  return {
    description: `${STATUS_CODES[status] ?? String(status)}\n\n${lines.join("\n")}`,
    headers: {
      ...(status === 401 ? { "WWW-Authenticate": header("`Bearer`", "string") } : {}),
      ...(status === 405 ? { Allow: header("`GET, POST`", "string") } : {}),
      ...(canRepeat && status !== 409 ? { "Retry-After": RETRY_AFTER } : {}),
    },
    content: {
      "application/json": {
        schema: { $ref: "#/components/schemas/ErrorAnswer" },
        examples: Object.fromEntries(own.map(([code, row]) => [code, exampleOf(code, row)])),
      },
    },
  };
}

const header = (description: string, type: string): Part => ({ description, schema: { type } });

const RETRY_AFTER = header("Seconds to wait, where repeating the request can help.", "integer");

const exampleOf = (Code: string, { advice: Message }: ErrorRow): Part => ({
  value: {
    Response: { Error: { Code, Message }, RequestId: REQUEST_ID_EXAMPLE },
  },
});
