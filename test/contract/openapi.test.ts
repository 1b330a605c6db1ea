/** The OpenAPI document: up to date, complete, and true to the functions' requests and answers. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { ERROR_TABLE } from "../../shared/contract/error-table.js";
import { ApiError } from "../../shared/contract/errors.js";
import { answerWith, refuseWith } from "../../shared/runtime/envelope.js";
import { checkRequest } from "../../shared/contract/check.js";
import { functionOf, openApiText } from "../../shared/contract/openapi/openapi.js";
import { ACTIONS, SCHEMAS } from "../../shared/contract/schemas.js";
import { SITES } from "../../shared/contract/sites.js";
import {
  type Content,
  document,
  faults,
  openApiFile,
  operations,
  resolve,
  walk,
} from "../support/contract/openapi-document.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

describe("openapi.json", () => {
  test("is up to date with the code (if not, run `npm run openapi`)", () => {
    expect(readFileSync(openApiFile, "utf8")).toBe(openApiText());
  });
});

describe("npm run openapi", () => {
  const directory = mkdtempSync(join(tmpdir(), "openapi-"));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  const script = join(ROOT, "shared", "contract", "openapi", "write-openapi.ts");
  const run = (...args: string[]): { status: number; text: string } => {
    try {
      const text = execFileSync(process.execPath, ["--import", "tsx", script, ...args], {
        cwd: ROOT,
        encoding: "utf8",
        stdio: "pipe",
      });
      return { status: 0, text };
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return { status, text: stderr };
    }
  };

  test("writes the document, and --check says when it is stale", () => {
    const file = join(directory, "openapi.json");
    expect(run("--check", file)).toEqual({
      status: 1,
      text: `${file} is stale: run \`npm run openapi\`.\n`,
    });
    expect(run(file)).toEqual({ status: 0, text: "" });
    expect(readFileSync(file, "utf8")).toBe(openApiText());
    expect(run("--check", file)).toEqual({ status: 0, text: "" });
    writeFileSync(file, `${openApiText()} `);
    expect(run("--check", file).status).toBe(1);
    expect(readFileSync(file, "utf8")).toBe(`${openApiText()} `);
  });

  test("says how it is used, when asked and when misused", () => {
    expect(run("--help")).toEqual({ status: 0, text: expect.stringMatching(/^Usage: npm run/) });
    expect(run("--chekc")).toEqual({ status: 2, text: expect.stringMatching(/^Usage: npm run/) });
    expect(run("a", "b").status).toBe(2);
  });
});

describe("the document is a whole OpenAPI 3.1 document", () => {
  test("with all required parts", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({ title: "trtc-stream-ingest", version: "2019-07-22" });
    for (const { url, variables = {} } of document.servers) {
      const names = [...url.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(variables)).toEqual(names);
    }
  });

  test("whose references all resolve", () => {
    const broken: string[] = [];
    let count = 0;
    walk((value, place) => {
      if (typeof value !== "object" || value === null || !("$ref" in value)) return;
      count += 1;
      try {
        resolve(String(value.$ref));
      } catch (error) {
        broken.push(`${place}: ${String(error)}`);
      }
    });
    expect(broken).toEqual([]);
    expect(count).toBeGreaterThan(50);
  });

  test("whose definitions are all used", () => {
    const text = JSON.stringify(document);
    for (const [kind, parts] of Object.entries(document.components)) {
      const used = (name: string) =>
        kind === "securitySchemes"
          ? text.includes(`"${name}":[]`)
          : text.includes(`"#/components/${kind}/${name}"`);
      expect(Object.keys(parts).filter((name) => !used(name))).toEqual([]);
    }
  });

  test("whose names are valid type names in any language", () => {
    for (const parts of Object.values(document.components)) {
      for (const name of Object.keys(parts)) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9]*$/);
    }
  });

  test.each(Object.keys(document.components.schemas))(
    "whose component %s is a valid schema",
    (name) => {
      expect(() => faults({ $ref: `#/components/schemas/${name}` }, {})).not.toThrow();
    },
  );

  test.each(operations)("whose $method $path is a valid operation", ({ operation }) => {
    const { operationId, summary, description, tags, security, parameters } = operation;
    expect(operations.filter(({ operation: o }) => o.operationId === operationId)).toHaveLength(1);
    expect(summary).toMatch(/^[A-Z].{5,80}[^.]$/);
    expect(description).toMatch(/^[A-Z][\s\S]{20,}\.$/);
    const declared = document.tags.map(({ name }) => name);
    for (const tag of tags) expect(declared).toContain(tag);
    for (const each of security.flatMap((option) => Object.keys(option))) {
      expect(Object.keys(document.components.securitySchemes)).toContain(each);
    }
    for (const { $ref } of parameters) {
      expect(resolve($ref)).toMatchObject({
        name: expect.stringMatching(/^X-TC-/),
        in: "header",
        description: expect.any(String),
        schema: { type: expect.any(String) },
      });
    }
    expect(Object.keys(operation.responses)).toContain("200");
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[2-5]\d\d$/);
      const { description: text } = "$ref" in response ? described(response.$ref) : response;
      expect(text).not.toBe("");
    }
  });
});

const described = (ref: string) => resolve(ref) as { description: string };

describe("the document agrees with the code", () => {
  test("about functions: one path each, / for the api function, and those of health", () => {
    const { functions } = parse(readFileSync(join(ROOT, "serverless.yml"), "utf8")) as {
      functions: Record<string, { events: object[] }>;
    };
    // The contract of callbacks is TRTC's, and the console is for people.
    const others = ["console", "health", "room-callback"];
    const httpPaths = Object.entries(functions)
      .filter(([name]) => !others.includes(name))
      .filter(([, { events }]) => events.some((event) => "functionUrl" in event))
      .map(([name]) => (name === "api" ? "/" : `/${name}`));
    const healthPaths = ["/live", "/ready", "/health", "/metrics"];
    expect(Object.keys(document.paths).sort()).toEqual([...httpPaths, ...healthPaths].sort());
    for (const action of ACTIONS) {
      const shared = { schedules: "CallScheduleAction", "describe-ingest": "DescribeIngest" };
      const operationId = new Map(Object.entries(shared)).get(functionOf(action)) ?? action;
      expect(document.paths[`/${functionOf(action)}`]?.["post"]?.operationId).toBe(operationId);
    }
  });

  test.each(ACTIONS.flatMap((action) => SITES.map((site) => [action, site] as const)))(
    "about the fields of %s on the %s site",
    (action, site) => {
      const { schemas } = document.components;
      const own = schemas[`${action}${site === "cn" ? "Cn" : "Intl"}`];
      const shown = own ?? schemas[`${action}Request`];
      const { description: _, ...schema } = { ...shown };
      expect(schema).toEqual(JSON.parse(JSON.stringify(SCHEMAS[action][site])));
    },
  );

  test("about defaults: an update shows none, because an absent field stays unchanged", () => {
    const withDefault = Object.entries(document.components.schemas)
      .filter(([, { properties = {} }]) =>
        Object.values(properties as object).some((field: object) => "default" in field),
      )
      .map(([name]) => name);
    expect(withDefault).toEqual([
      "StartStreamIngestIntl",
      "StartStreamIngestCn",
      "ListStreamIngestsRequest",
      "DescribeIngestTimelineRequest",
      "CreateIngestScheduleIntl",
      "CreateIngestScheduleCn",
      "DeleteIngestScheduleRequest",
      "ListIngestSchedulesRequest",
      "PreviewIngestScheduleIntl",
      "PreviewIngestScheduleCn",
      "ListIngestOccurrencesRequest",
    ]);
  });

  test("about errors: every code stands under its status, with its advice", () => {
    const { responses, schemas } = document.components;
    expect(schemas["ErrorCode"]?.["anyOf"]).toContainEqual({
      type: "string",
      enum: Object.keys(ERROR_TABLE),
    });
    for (const [code, { status, advice }] of Object.entries(ERROR_TABLE)) {
      const response = responses[`Error${status}`];
      expect(response?.description).toContain(`\`${code}\``);
      expect(response?.description).toContain(advice);
      const example = response?.content["application/json"]?.examples[code];
      expect(example?.value).toMatchObject({
        Response: { Error: { Code: code, Message: advice } },
      });
    }
    for (const { operation } of operations.filter(({ method }) => method === "post")) {
      const statuses = Object.keys(operation.responses).filter((status) => status !== "200");
      expect(statuses.map((status) => `Error${status}`)).toEqual(Object.keys(responses));
    }
  });

  test("about headers: a refusal has only those listed at its status", () => {
    const common = Object.keys(answerWith({}, "request").headers);
    for (const code of Object.keys(ERROR_TABLE)) {
      const error = new ApiError(code);
      const { headers } = refuseWith(error, { requestId: "request", isSigned: false });
      const own = Object.keys(headers).filter((name) => !common.includes(name));
      const shown = Object.keys(
        document.components.responses[`Error${error.status}`]?.headers ?? {},
      );
      const lowerCased = shown.map((name) => name.toLowerCase());
      expect({ code, lowerCased }).toEqual({ code, lowerCased: expect.arrayContaining(own) });
    }
  });

  test.each(ACTIONS)("about examples: %s accepts its examples", (action) => {
    const body = document.paths[`/${functionOf(action)}`]?.["post"]?.requestBody;
    const examples = Object.entries(body?.content["application/json"]?.examples ?? {});
    const own = examples.filter(([name]) => name.startsWith(`${action}: `));
    expect(own).not.toEqual([]);
    for (const [, { value }] of own) {
      for (const site of SITES) expect(checkRequest({ action, site }, value)).toBe(value);
    }
  });

  test("about examples: each fits its schema", () => {
    const contents: [place: string, content: Content][] = [];
    walk((value, place) => {
      if (place.endsWith("/content")) contents.push([place, value as Content]);
    });
    for (const [place, content] of contents) {
      for (const { schema, examples } of Object.values(content)) {
        for (const { value } of Object.values(examples)) {
          expect({ place, faults: faults(schema, value) }).toEqual({ place, faults: [] });
        }
      }
    }
    expect(contents.length).toBeGreaterThan(20);
  });
});
