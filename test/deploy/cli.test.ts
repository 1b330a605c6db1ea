/** The real CLI and plugins against a cloud on this machine: what they refuse, and how they fail. */
import { request } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { checkCalls, checkDeployed, fullName } from "../../deploy/rehearsal/deployed.js";
import { rehearseFunctions } from "../../deploy/rehearsal/call-functions.js";
import { openStage, type Stage } from "../../deploy/rehearsal/stage.js";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
afterEach(() => {
  stage.cloud.faults.clear();
});

const expectRefusal = async (args: string[], env: Record<string, string>, words: string) => {
  stage.cloud.recorder.mark();
  const { code, output } = await stage.cli(args, env);
  expect([code, output]).toEqual([1, expect.stringContaining(words)]);
  expect(output).not.toMatch(/^\s+at /m);
  for (const secret of stage.secrets) expect(output).not.toContain(secret);
};

describe("the CLI refuses before it calls the cloud", () => {
  afterEach(() => {
    expect(stage.cloud.recorder.sinceMark()).toEqual([]);
  });

  test("a setting with which the functions would not start", () =>
    expectRefusal(["deploy"], { CALLERS: "[{}]" }, "CALLERS[0]"));

  test("a deployment without a database", () =>
    expectRefusal(["deploy"], { DATABASE_URL: "" }, "DATABASE_URL is not set"));

  test("more variables than SCF takes", () =>
    expectRefusal(["deploy"], { TRTC_ENDPOINT: `http://127.0.0.1/${"x".repeat(4096)}` }, "4096"));

  test("a deployment without keys of an account", () =>
    expectRefusal(["info"], { TENCENTCLOUD_SECRET_KEY: "" }, "TENCENTCLOUD_SECRET_KEY"));

  test("a deployment with neither a role nor keys that could sign a call to TRTC", () =>
    expectRefusal(["deploy"], { SCF_ROLE: "" }, "TRTC_ACCOUNTS has no keys for the account"));

  test.each(["VPC_ID", "SUBNET_ID"])("a network without %s", (name) =>
    expectRefusal(["deploy"], { [name]: "" }, `set ${name} as well`),
  );

  test("a package that was built earlier", () =>
    expectRefusal(["deploy", "--package", "dist"], {}, "--package is not read here"));

  test("logs, which the plugin cannot read", () =>
    expectRefusal(["logs", "-f", "api"], {}, "SCF's console"));

  test("a rollback, because no list of deployments is kept", () =>
    expectRefusal(["rollback", "-t", "1"], {}, "check out the commit and deploy it"));

  test("one function alone, because all share one zip", () =>
    expectRefusal(["deploy", "function", "-f", "api"], {}, "run `serverless deploy`"));
});

describe("the CLI exits with an error", () => {
  test("when the key is wrong", () =>
    expectRefusal(
      ["info"],
      { TENCENTCLOUD_SECRET_KEY: "another-secret-key" },
      "AuthFailure.SignatureFailure",
    ));

  describe("after a deployment,", () => {
    beforeAll(async () => {
      const { code, output } = await stage.cli(["deploy"]);
      expect([code, output]).toEqual([0, expect.stringContaining("tencentscf.com")]);
    });

    test("but a deployment over functions that still update waits for them, and succeeds", async () => {
      for (const target of stage.cloud.scf.functions.values()) {
        target.Status = "Updating";
        target.reads = 0;
      }
      const { code, output } = await stage.cli(["deploy"]);
      expect([code, output]).toEqual([0, expect.stringContaining("tencentscf.com")]);
    });

    const fail = (action: string) => {
      const error = { code: "InternalError.System", message: "Try later." };
      stage.cloud.faults.set({ service: "scf", action, times: 1, error });
    };

    test("when info finds SCF unavailable", async () => {
      fail("GetFunction");
      await expectRefusal(["info"], {}, "InternalError.System");
    });

    test("when SCF refuses to delete a function, and none is removed", async () => {
      fail("DeleteFunction");
      await expectRefusal(["remove"], {}, "DeleteFunction trtc-stream-ingest-prod-api");
      expect(stage.cloud.scf.functions.size).toBe(Object.keys(stage.declared.functions).length);
    });

    test("when the invoked function throws", async () => {
      const target = stage.cloud.scf.functions.get(fullName(stage, "expire-ingests"));
      if (!target) throw new Error("expire-ingests is not deployed");
      const { Environment, ...bare } = target.configuration;
      target.configuration = bare;
      const { code, output } = await stage.cli(["invoke", "-f", "expire-ingests"]);
      target.configuration = { ...bare, ...(Environment && { Environment }) };
      expect([code, output]).toEqual([1, expect.stringContaining("expire-ingests failed")]);
      // Its own log line says why.
      expect(output).toContain("DATABASE_URL is not set");
    });
  });
});

describe("the rehearsal reports", () => {
  const deployed = (name: string) => {
    const target = stage.cloud.scf.functions.get(fullName(stage, name));
    if (!target) throw new Error(`${name} is not deployed`);
    return target;
  };
  /** Breaks one thing and repairs it again. */
  const broken = (name: string, change: (configuration: Record<string, unknown>) => void) => {
    const target = deployed(name);
    const { configuration } = target;
    target.configuration = JSON.parse(JSON.stringify(configuration)) as typeof configuration;
    change(target.configuration as unknown as Record<string, unknown>);
    try {
      checkDeployed(stage);
      return "nothing";
    } catch (error) {
      return (error as Error).message;
    } finally {
      target.configuration = configuration;
    }
  };

  test("nothing when all is as declared", () => {
    expect(broken("api", () => undefined)).toBe("nothing");
  });

  test.each<
    [what: string, change: (configuration: Record<string, unknown>) => void, words: string]
  >([
    [
      "another function's variable",
      ({ Environment }) => {
        const { Variables } = Environment as { Variables: object[] };
        Variables.push({ Key: "EXPIRY_TICK_SECONDS", Value: "60" });
      },
      "the names of its variables",
    ],
    [
      "a variable with another value",
      ({ Environment }) => {
        const { Variables } = Environment as { Variables: { Value: string }[] };
        if (Variables[0]) Variables[0].Value = "postgres://elsewhere";
      },
      "has another value",
    ],
    ["another handler", (c) => (c["Handler"] = "stop-ingest.handler"), "its settings"],
    ["a function without its role", (c) => delete c["Role"], "its settings"],
    ["a function without the public network", (c) => delete c["PublicNetConfig"], "own fields"],
    ["a function outside its network", (c) => delete c["VpcConfig"], "its network"],
  ])("%s", (_, change, words) => {
    expect(broken("api", change)).toContain(words);
  });

  test("a trigger that is missing", () => {
    const target = deployed("expire-ingests");
    const triggers = target.Triggers;
    target.Triggers = [];
    expect(() => checkDeployed(stage)).toThrow("its triggers");
    target.Triggers = triggers;
  });

  test("a function without a recorded event", async () => {
    const { functions } = stage.declared;
    const [api] = Object.values(functions);
    if (!api) throw new Error("there is no function");
    const declared = { ...stage.declared, functions: { "new-function": api } };
    const rehearsed = rehearseFunctions({ ...stage, declared }, async (_, work) => {
      await work();
    });
    await expect(rehearsed).rejects.toThrow("add deploy/rehearsal/events/new-function.json");
  });

  test("a secret that is kept in COS", () => {
    const { objects } = stage.cloud.cos;
    const [secret = ""] = stage.secrets;
    (objects as Map<string, Buffer>).set("bucket/list.json", Buffer.from(`{"KEY":"${secret}"}`));
    expect(() => checkCalls(stage)).toThrow("bucket/list.json");
    (objects as Map<string, Buffer>).delete("bucket/list.json");
  });

  test("a call in clear text, or to another host", async () => {
    expect(checkCalls(stage)).toBeGreaterThan(0);
    const { port } = new URL(stage.cloud.proxyUrl);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const path = "http://telemetry.example/report";
      const host = "telemetry.example";
      request({ host: "127.0.0.1", port, path, headers: { host } }, ({ statusCode }) =>
        resolve(statusCode),
      )
        .on("error", reject)
        .end();
    });
    expect(status).toBe(200);
    expect(() => checkCalls(stage)).toThrow("telemetry.example");
  });
});
