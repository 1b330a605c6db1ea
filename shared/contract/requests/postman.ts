/** A Postman collection, in the format v2.1. */
import { COLLECTION, type ReadyRequest, VARIABLES } from "./ready-request.js";

type Part = Readonly<Record<string, unknown>>;

const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

export function postmanCollection(requests: readonly ReadyRequest[]): string {
  const groups = [...new Set(requests.map(({ group }) => group))];
  const collection = {
    info: { name: COLLECTION, schema: SCHEMA },
    item: groups.map((name) => ({
      name,
      item: requests.filter(({ group }) => group === name).map(itemOf),
    })),
    variable: VARIABLES.map(({ name, value = "", hint }) => ({
      key: name,
      value,
      type: "string",
      description: hint,
    })),
  };
  return `${JSON.stringify(collection, null, 2)}\n`;
}

function itemOf(request: ReadyRequest): Part {
  const { name, method, path, headers, keyVariable, body, summary, description } = request;
  return {
    name,
    ...eventsOf(request),
    request: {
      method,
      description: `${summary}.\n\n${description}`,
      auth: keyVariable === undefined ? { type: "noauth" } : bearer(keyVariable),
      header: Object.entries(headers).map(([key, value]) => ({ key, value })),
      ...(body === undefined
        ? {}
        : { body: { mode: "raw", raw: body, options: { raw: { language: "json" } } } }),
      url: { raw: `{{url}}${path}`, host: ["{{url}}"], path: [path.slice(1)] },
    },
  };
}

const bearer = (variable: string): Part => ({
  type: "bearer",
  bearer: [{ key: "token", value: `{{${variable}}}`, type: "string" }],
});

/** A refusal leaves the variables as they are. */
function eventsOf({ captures }: ReadyRequest): Part {
  const entries = Object.entries(captures);
  if (entries.length === 0) return {};
  const exec = [
    "const { Response } = pm.response.json();",
    ...entries.map(([variable, way]) => {
      const steps = way.map((step) => `[${JSON.stringify(step)}]`).join("");
      return `if (!Response.Error) pm.collectionVariables.set("${variable}", Response${steps});`;
    }),
  ];
  return { event: [{ listen: "test", script: { type: "text/javascript", exec } }] };
}
