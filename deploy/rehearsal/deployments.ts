/** Deploys against a cloud that refuses halfway, then to the end, then again, and removes all. */
import type { Fault } from "../cloud/faults.js";
import type { RecordedCall } from "../cloud/recorder.js";
import { checkDeployed } from "./deployed.js";
import { expectEqual, expectThat } from "./expect.js";
import type { CliRun } from "./serverless-cli.js";
import type { Stage } from "./stage.js";
import type { Step } from "./steps.js";

/** A step that fails, and the words that its message must contain. */
const FAILURES: readonly { what: string; fault: Fault; words: readonly string[] }[] = [
  {
    what: "the upload is refused",
    fault: {
      service: "cos",
      action: "PutObject",
      // More often than the client retries by itself.
      times: 20,
      error: { code: "SlowDown", message: "Reduce your request rate.", status: 503 },
    },
    words: ["SlowDown", "503"],
  },
  {
    what: "the runtime's name is refused",
    fault: {
      service: "scf",
      action: "CreateFunction",
      times: 1,
      error: { code: "InvalidParameterValue.Runtime", message: "Runtime is not valid." },
    },
    words: ["InvalidParameterValue.Runtime", "SCF_RUNTIME", "Nodejs22.21"],
  },
  {
    what: "the third function is refused",
    fault: {
      service: "scf",
      action: "CreateFunction",
      after: 2,
      times: 1,
      error: { code: "LimitExceeded.Function", message: "There are too many functions." },
    },
    words: ["CreateFunction", "LimitExceeded.Function", "stop-ingest"],
  },
  {
    what: "a trigger is there already",
    fault: {
      service: "scf",
      action: "CreateTrigger",
      after: 1,
      times: 1,
      error: { code: "ResourceInUse.Trigger", message: "The trigger is there already." },
    },
    words: ["CreateTrigger", "ResourceInUse.Trigger", "url"],
  },
];

export async function rehearseDeployments(stage: Stage, step: Step): Promise<void> {
  for (const { what, fault, words } of FAILURES) {
    await step(`deploy, and ${what}`, async () => {
      stage.cloud.faults.set(fault);
      const { code, output } = await run(stage, ["deploy"]);
      stage.cloud.faults.clear();
      expectEqual("its exit code", code, 1);
      for (const word of [...words, "Run the same command again"]) {
        expectThat(output.includes(word), `the message does not say "${word}":\n${output}`);
      }
      expectThat(!/^\s+at /m.test(output), `a stack is shown:\n${output}`);
      return `ends with 1, and says ${words[0] ?? ""}`;
    });
  }
  await step("deploy to the end", async () => {
    const output = await succeed(stage, ["deploy"]);
    checkDeployed(stage);
    const urls = output.match(/https:\S+\.tencentscf\.com/g) ?? [];
    const urlFunctions = Object.values(stage.declared.functions).filter(({ events = [] }) =>
      events.some(({ functionUrl }) => functionUrl !== undefined),
    );
    expectEqual("the number of URLs shown", urls.length, urlFunctions.length);
    return `${stage.cloud.scf.functions.size} functions, ${urls.length} URLs`;
  });
  await step("deploy again", async () => {
    stage.cloud.recorder.mark();
    await succeed(stage, ["deploy"]);
    checkDeployed(stage);
    const changes = stage.cloud.recorder.sinceMark().filter(isChange);
    expectEqual(
      "the actions that change something",
      [...new Set(changes.map(({ action }) => action))].sort(),
      ["UpdateFunctionCode", "UpdateFunctionConfiguration"],
    );
    return "new code, and no trigger touched";
  });
  await step("info", async () => {
    const output = await succeed(stage, ["info"]);
    for (const name of stage.cloud.scf.functions.keys()) {
      expectThat(output.includes(`${name}  Active`), `it does not show ${name}:\n${output}`);
    }
    return "";
  });
  await step("invoke", async () => {
    const output = await succeed(stage, ["invoke", "--function", "expire-ingests"]);
    expectThat(output.includes('{"claimed":0,'), `it does not show the answer:\n${output}`);
    return "expire-ingests, with nothing due";
  });
}

export async function rehearseRemoval(stage: Stage, step: Step): Promise<void> {
  await step("remove", async () => {
    await succeed(stage, ["remove"]);
    expectEqual("the functions that are left", [...stage.cloud.scf.functions.keys()], []);
    // A second remove finds nothing to remove.
    await succeed(stage, ["remove"]);
    return "nothing is left, and removing again is no error";
  });
}

async function succeed(stage: Stage, args: readonly string[]): Promise<string> {
  const { code, output } = await run(stage, args);
  expectThat(
    code === 0,
    `serverless ${args.join(" ")} ended with ${code ?? "a signal"}:\n${output}`,
  );
  return output;
}

async function run({ cli, secrets }: Stage, args: readonly string[]): Promise<CliRun> {
  const result = await cli(args);
  const hasSecret = secrets.some((secret) => result.output.includes(secret));
  expectThat(!hasSecret, `serverless ${args.join(" ")} prints a secret`);
  return result;
}

const isChange = ({ service, action }: RecordedCall): boolean =>
  service === "scf" && !/^(Get|List|Describe)/.test(action);
