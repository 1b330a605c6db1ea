/** The declarations for both clouds, packaged by the real CLI without an account or a network. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Environment } from "../../shared/config/environment.js";
import { makeCli } from "../../deploy/rehearsal/serverless-cli.js";
import type { AwsPlugin } from "../../deploy/plugin/aws-plugin.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { readServiceFile, type Service } from "../../server/declared/service-file.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}

let home: string;
let scf: Service;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "package-test-"));
  scf = await readServiceFile({});
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Without variables, and with proxies that lead nowhere: any use of the network fails. */
const nowhere = "http://127.0.0.1:9";
const cli = (args: string[], env: Environment = {}) =>
  makeCli({
    PATH: process.env["PATH"],
    HOME: home,
    http_proxy: nowhere,
    https_proxy: nowhere,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
  })(args, env);

describe("serverless.yml, with no account", () => {
  test("is packaged", async () => {
    expect(await cli(["package"])).toEqual({ code: 0, output: expect.stringContaining("one zip") });
  });

  test("is printed with its variables filled in", async () => {
    const { code, output } = await cli(["print"]);
    expect([code, output]).toEqual([0, expect.stringContaining("cronExpression: 0 */1 * * * * *")]);
    expect(output).not.toContain("${env");
  });

  test("holds no secret, and names none that is not taken from the environment", () => {
    for (const file of ["serverless.yml", "serverless.aws.yml"]) {
      const text = readFileSync(join(ROOT, file), "utf8");
      const values = text.match(/^\s+[A-Z][A-Z_]+: .*$/gm) ?? [];
      expect(values.length).toBeGreaterThan(5);
      for (const value of values) expect(value).toMatch(/: \$\{env:[A-Z_]+, '\d*'\}$/);
    }
  });

  test("asks for an account where one is needed, in one sentence", async () => {
    const { code, output } = await cli(["info"]);
    expect([code, output]).toEqual([1, expect.stringContaining("TENCENTCLOUD_SECRET_ID")]);
    expect(output).not.toMatch(/^\s+at /m);
  });
});

describe("serverless.aws.yml, with no account", () => {
  let resources: Resource[];
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  const functions = () =>
    new Map(
      ofType("AWS::Lambda::Function").map(({ Properties }) => [
        String(Properties["Handler"]).replace(".handler", ""),
        Properties,
      ]),
    );
  /** The names of the functions that resources of this type point to. */
  const targets = (type: string, text: (properties: Resource["Properties"]) => unknown) =>
    ofType(type).map(({ Properties }) => JSON.stringify(text(Properties)));

  beforeAll(async () => {
    const { code, output } = await cli(["package", "--config", "serverless.aws.yml"]);
    expect([code, output]).toEqual([0, expect.stringContaining("Service packaged")]);
    const file = join(ROOT, ".serverless", "cloudformation-template-update-stack.json");
    const template = JSON.parse(readFileSync(file, "utf8")) as {
      Resources: Record<string, Resource>;
    };
    resources = Object.values(template.Resources);
  });

  test("has the functions of serverless.yml, each as declared there", () => {
    expect([...functions().keys()].sort()).toEqual(Object.keys(scf.functions).sort());
    for (const [name, declared] of Object.entries(scf.functions)) {
      const packaged = functions().get(name);
      expect(packaged).toMatchObject({
        Timeout: declared.timeout ?? scf.provider.timeout,
        MemorySize: declared.memorySize ?? scf.provider.memorySize,
        Runtime: "nodejs24.x",
      });
      const own = { ...scf.provider.environment?.variables, ...declared.environment?.variables };
      const { Variables } = packaged?.["Environment"] as { Variables: object };
      expect(Object.keys(Variables).sort()).toEqual(Object.keys(own).sort());
    }
  });

  const resourceName = (name: string) => name.replace(/^./, (c) => c.toUpperCase());
  const withEvent = (kind: string) =>
    Object.entries(scf.functions)
      .filter(([, { events = [] }]) => events.some((event) => kind in event))
      .map(([name]) => resourceName(name).replaceAll("-", "Dash"));

  test("gives a URL to the functions that have one on SCF, and to no other", () => {
    const urls = targets("AWS::Lambda::Url", ({ TargetFunctionArn }) => TargetFunctionArn);
    expect(urls).toHaveLength(withEvent("functionUrl").length);
    for (const name of withEvent("functionUrl")) {
      expect(urls).toContainEqual(expect.stringContaining(`"${name}LambdaFunction"`));
    }
  });

  test("has a timer for each function that has one on SCF", () => {
    const rules = targets("AWS::Events::Rule", ({ Targets }) => Targets);
    expect(rules).toHaveLength(withEvent("timer").length);
    for (const name of withEvent("timer")) {
      expect(rules).toContainEqual(expect.stringContaining(`"${name}LambdaFunction"`));
    }
  });

  test("allows the functions to write their own logs, and nothing else", () => {
    const [role, ...others] = ofType("AWS::IAM::Role");
    expect(others).toEqual([]);
    const { Policies, ManagedPolicyArns } = role?.Properties as {
      Policies: { PolicyDocument: { Statement: { Action: string[]; Resource: unknown }[] } }[];
      ManagedPolicyArns?: unknown;
    };
    expect(ManagedPolicyArns).toBeUndefined();
    const statements = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    for (const { Action, Resource } of statements) {
      for (const action of Action) expect(action).toMatch(/^logs:/);
      expect(JSON.stringify(Resource)).toContain("/aws/lambda/trtc-stream-ingest-prod");
    }
  });
});

describe("serverless.aws.yml is not deployed", () => {
  const deploy = (args: string[], changes: Environment) => {
    const local = localEnvironment(
      { DATABASE_URL: "postgres://u@127.0.0.1/x" },
      "http://127.0.0.1:9",
    );
    const keys = { AWS_ACCESS_KEY_ID: "AKIAnobody", AWS_SECRET_ACCESS_KEY: "nobody" };
    const config = ["--config", "serverless.aws.yml"];
    return cli(["deploy", ...args, ...config], { ...local, ...keys, ...changes });
  };

  test.each<[what: string, args: string[], changes: Environment, words: string]>([
    ["without keys for TRTC", [], { TRTC_ACCOUNTS: "" }, "TRTC_ACCOUNTS has no keys"],
    ["with settings that do not open", [], { CALLERS: "[{}]" }, "CALLERS[0]"],
    ["one function at a time", ["function", "-f", "api"], {}, "All functions share one zip"],
  ])("%s", async (_, args, changes, words) => {
    const { code, output } = await deploy(args, changes);
    expect([code, output]).toEqual([1, expect.stringContaining(words)]);
  });
});

describe("an SQS trigger", () => {
  const environment = localEnvironment(
    { DATABASE_URL: "postgres://u@127.0.0.1/x" },
    "http://127.0.0.1:9",
  ) as Record<string, string>;
  const arn = "arn:aws:sqs:ap-southeast-1:123456789012:ingests";
  /** The file that the CLI loads. */
  const FILE: string = "../../deploy/plugin/aws-plugin.cjs";
  let Plugin: typeof AwsPlugin;
  beforeAll(async () => {
    ({ default: Plugin } = (await import(FILE)) as { default: typeof AwsPlugin });
  });
  const deploying = (sqs: string | { arn: string; functionResponseType?: string }) => () => {
    const functions = { "cloud-event": { environment, events: [{ sqs }] } };
    const serverless = { cli: { log: () => undefined }, service: { provider: {}, functions } };
    return new Plugin(serverless, {}).hooks["before:deploy:deploy"]?.();
  };

  test.each([arn, { arn }])("without ReportBatchItemFailures is not deployed: %j", (sqs) => {
    expect(deploying(sqs)).toThrow("functionResponseType: ReportBatchItemFailures");
  });

  test("with ReportBatchItemFailures is deployed", () => {
    const functionResponseType = "ReportBatchItemFailures";
    expect(deploying({ arn, functionResponseType })).not.toThrow();
  });
});

test("packaging twice gives the same zip, byte for byte", async () => {
  const read = () => readFileSync(join(ROOT, "dist", "functions.zip"));
  const before = read();
  await cli(["package"]);
  expect(read().equals(before)).toBe(true);
  expect(
    execFileSync("git", ["status", "--porcelain", "dist", ".serverless"], { cwd: ROOT }),
  ).toHaveLength(0);
});
