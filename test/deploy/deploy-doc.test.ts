/** docs/deploy.md says what the code does: its functions, variables, commands, rights and sums. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { Client as CamClient } from "tencentcloud-sdk-nodejs/tencentcloud/services/cam/v20190116/cam_client.js";
import { Client as ScfClient } from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_client.js";
import { Client as TagClient } from "tencentcloud-sdk-nodejs/tencentcloud/services/tag/v20180813/tag_client.js";
import { makeAccount } from "../../deploy/cloud/account.js";
import { CloudError } from "../../deploy/cloud/cloud-error.js";
import { makeCos } from "../../deploy/cloud/cos.js";
import { makeScf } from "../../deploy/cloud/scf.js";
import { limitFaults, variablesOf } from "../../deploy/plugin/checks/limits.js";
import { readServiceFile } from "../../server/declared/service-file.js";
import type { TrtcAction } from "../../shared/trtc/client.js";
import { checkRequest } from "../../shared/contract/check.js";
import { type FunctionName, variablesRead } from "../../shared/config/function-variables.js";
import { readConfig, VARIABLES } from "../../shared/config/configuration.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DOC = join(ROOT, "docs", "deploy.md");
const text = readFileSync(DOC, "utf8");

interface Block {
  /** As `json deployer`. */
  kind: string;
  body: string;
}

const BLOCKS: readonly Block[] = [...text.matchAll(/^ *```(\S.*)\n([\s\S]*?)^ *```$/gm)].map(
  ([, kind = "", body = ""]) => ({ kind, body }),
);

function blockOf(kind: string): string {
  const blocks = BLOCKS.filter((each) => each.kind === kind);
  expect({ kind, count: blocks.length }).toEqual({ kind, count: 1 });
  return blocks[0]?.body ?? "";
}

describe("the deployment guide names", () => {
  const serviceFile = readFileSync(join(ROOT, "serverless.yml"), "utf8");

  test("every variable that serverless.yml takes from the environment, and that a function reads", () => {
    const taken = [...serviceFile.matchAll(/\$\{env:(\w+)/g)].map((each) => each[1] ?? "");
    expect(taken.length).toBeGreaterThan(VARIABLES.length);
    const missing = [...taken, ...VARIABLES].filter((name) => !text.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  test("every function", async () => {
    const { functions } = await readServiceFile({});
    const missing = Object.keys(functions).filter((name) => !text.includes(`| \`${name}\``));
    expect(missing).toEqual([]);
  });

  test("only commands that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map((each) => each[1] ?? "");
    expect(named).toContain("migrate");
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("only files and sections that exist", () => {
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => anchorOf(title));
    const links = [...text.matchAll(/\]\((?!https:)([^)]+)\)/g)].map((each) => each[1] ?? "");
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) {
      const [file = "", anchor] = link.split("#");
      const there =
        file === "" ? headings.includes(anchor ?? "") : existsSync(join(dirname(DOC), file));
      expect({ link, there }).toEqual({ link, there: true });
    }
  });
});

describe("the deployment guide's example", () => {
  test("JSON parses, in every block", () => {
    const blocks = BLOCKS.filter(({ kind }) => kind.startsWith("json"));
    expect(blocks.length).toBeGreaterThan(3);
    for (const { body } of blocks) expect(() => JSON.parse(body) as unknown).not.toThrow();
  });

  test(".env starts every function, and SCF accepts it", async () => {
    const env = parseEnv(blockOf("sh env"));
    const { provider, functions } = await readServiceFile(env);
    expect(provider).toMatchObject({ region: env["SCF_REGION"], role: env["SCF_ROLE"] });
    for (const [name, declared] of Object.entries(functions)) {
      const variables = variablesOf(provider, declared);
      const read = variablesRead(name as FunctionName);
      expect(readConfig(variables, read).databaseUrl).toBe(env["DATABASE_URL"]);
      expect(limitFaults(name, variables, [])).toEqual([]);
    }
  });

  test("calls use a key and an application of that .env", () => {
    const { callers } = readConfig(parseEnv(blockOf("sh env")));
    const [caller] = callers.values();
    const curl = BLOCKS.find(({ body }) => body.includes("Authorization: Bearer"))?.body;
    expect(curl).toContain(`Bearer ${caller?.SecretKeys[0] ?? "?"}'`);
    expect(blockOf("ts")).toContain(`secretId: "${caller?.Id ?? "?"}"`);
    expect(blockOf("ts")).toContain(`SdkAppId: ${caller?.SdkAppIds[0] ?? "?"}`);
  });

  test("message is one that its caller may send", () => {
    const env = parseEnv(blockOf("sh env") + blockOf("sh events"));
    const { callers, eventCallers } = readConfig(env);
    expect(callers.has(eventCallers.get("ckafka:ingests") ?? "")).toBe(true);
    const { Action, ...fields } = JSON.parse(blockOf("json message")) as Record<string, unknown>;
    expect(checkRequest({ action: Action as "StartStreamIngest", site: "intl" }, fields)).toBe(
      fields,
    );
  });

  test("sums are right to the last digit shown", () => {
    const lines = BLOCKS.filter(({ kind }) => kind === "text sums").flatMap(({ body }) =>
      body.trim().split("\n"),
    );
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) {
      const [, sum = "", shown = ""] = /([\d.,]+ [x+-] .*?) = ([\d.,]*\d)/.exec(line) ?? [];
      const decimals = shown.split(".")[1]?.length ?? 0;
      expect({ line, is: valueOf(sum).toFixed(decimals) }).toEqual({
        line,
        is: shown.replaceAll(",", ""),
      });
    }
  });
});

describe("the deployment guide's policies give what is called, and no more", () => {
  test("the execution role: TRTC's actions that the functions call", () => {
    const calls: Record<TrtcAction, true> = {
      StartStreamIngest: true,
      StopStreamIngest: true,
      UpdateStreamIngest: true,
      DescribeStreamIngest: true,
      RemoveUser: true,
      RemoveUserByStrRoomId: true,
    };
    expect(actionsOf("json role")).toEqual(
      Object.keys(calls)
        .map((action) => `trtc:${action}`)
        .sort(),
    );
  });

  test("the keys that presign objects: reading the objects of a rule, and nothing else", () => {
    expect(actionsOf("json events-role")).toEqual(["name/cos:GetObject"]);
    const { rules } = readConfig(parseEnv(blockOf("sh env") + blockOf("sh events")));
    expect(rules).toHaveLength(1);
    for (const { Bucket, Prefix = "" } of rules) {
      expect(blockOf("json events-role")).toContain(`:${Bucket}/${Prefix}*"`);
    }
  });

  test("only SCF may take the execution role", () => {
    const { statement } = JSON.parse(blockOf("json trust")) as { statement: unknown[] };
    expect(statement).toEqual([
      {
        effect: "allow",
        principal: { service: ["scf.qcloud.com"] },
        action: ["name/sts:AssumeRole"],
      },
    ]);
  });

  test("the deploying user: the calls that the rehearsal's cloud knows, and passing the role", async () => {
    const account = makeAccount();
    const scf = makeScf({
      region: "ap-guangzhou",
      readObject: () => undefined,
      invoke: () => Promise.reject(new Error("nothing is deployed")),
    });
    const known = [
      ...(await knownOf("scf", ScfClient, (action) => scf.serve(action, {}))),
      ...(await knownOf("cam", CamClient, (action) => account.serve("cam", action, {}))),
      ...(await knownOf("tag", TagClient, (action) => account.serve("tag", action, {}))),
      ...operationsOfCos().map((operation) => `name/cos:${operation}`),
    ];
    expect(known).toContain("scf:CreateFunction");
    expect(actionsOf("json deployer")).toEqual([...known, "cam:PassRole"].sort());
  });

  test("the deploying user: passing the role of the .env only", () => {
    const { SCF_ROLE = "?" } = parseEnv(blockOf("sh env"));
    expect(blockOf("json deployer")).toContain(`:roleName/${SCF_ROLE}"`);
  });
});

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

/** Multiplies before it adds. Thousands are separated by commas. */
const valueOf = (sum: string): number =>
  sum
    .replaceAll(",", "")
    .split(/ (?=[+-] )/)
    .map((term) => {
      const factors = term
        .replace(/^[+-] /, "")
        .split(" x ")
        .map(Number);
      return (term.startsWith("- ") ? -1 : 1) * factors.reduce((one, other) => one * other);
    })
    .reduce((one, other) => one + other);

function actionsOf(kind: string): string[] {
  const { statement } = JSON.parse(blockOf(kind)) as {
    statement: { effect: string; action: string[] }[];
  };
  expect(statement.every(({ effect }) => effect === "allow")).toBe(true);
  return statement.flatMap(({ action }) => action).sort();
}

/** Of all actions that Tencent's SDK has, those that are not unknown here. */
async function knownOf(
  service: string,
  client: { prototype: object },
  serve: (action: string) => unknown,
): Promise<string[]> {
  const known: string[] = [];
  const all = Object.getOwnPropertyNames(client.prototype).filter((name) => /^[A-Z]/.test(name));
  for (const action of all) {
    try {
      await serve(action);
    } catch (error) {
      if (error instanceof CloudError && error.code === "InvalidAction") continue;
    }
    known.push(`${service}:${action}`);
  }
  return known;
}

function operationsOfCos(): string[] {
  const cos = makeCos("AKIDdeploy");
  const bucket = "bucket-1250000000.cos.ap-guangzhou.myqcloud.com";
  const places = [
    ["cos.ap-guangzhou.myqcloud.com", "/"],
    [bucket, "/"],
    [bucket, "/key"],
  ] as const;
  return ["GET", "HEAD", "PUT", "POST", "DELETE"].flatMap((method) =>
    places.flatMap(([host, path]) => {
      const headers = { authorization: "q-ak=AKIDdeploy" };
      const request = { method, host, path, headers, isEncrypted: true, body: Buffer.alloc(0) };
      try {
        cos.serve(request);
      } catch (error) {
        if (error instanceof CloudError && error.code === "MethodNotAllowed") return [];
      }
      return [cos.operationOf(request)];
    }),
  );
}
