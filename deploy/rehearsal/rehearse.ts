/** `npm run deploy:rehearse`: a deployment from build to removal, without a cloud. */
import { parseArgs } from "node:util";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { checkCalls } from "./deployed.js";
import { rehearseDeployments, rehearseRemoval } from "./deployments.js";
import { rehearseFunctions } from "./call-functions.js";
import { cutNetwork, type Network } from "./isolate.js";
import { openStage, type Stage } from "./stage.js";
import { makeSteps } from "./steps.js";
import { runUntilSignal } from "../../local/terminal/run-until-signal.js";
import { endBySignal, runMain } from "../../local/terminal/terminal.js";

const HELP = `Deploys to a cloud on this machine, with the real CLI and plugins, and runs what was uploaded.

  npm run deploy:rehearse

  deploy    against a cloud that refuses halfway, then to the end, then again
  info, invoke, remove
  functions each from the uploaded zip, in a bare process with SCF's environment and one recorded
            event (deploy/rehearsal/events), on a real PostgreSQL and the TRTC emulator

Needs no account. Nothing leaves this machine: where the machine allows it (Linux, unshare), the network
has loopback only. Otherwise the output says so.
`;

const NETWORK: Readonly<Record<Network, string>> = {
  cut: "cut off but for loopback",
  open: "NOT cut off: this machine does not allow it (unshare). Calls through the proxy are still checked.",
};

async function main(): Promise<void> {
  const flag = { type: "boolean" } as const;
  const options = { help: { ...flag, short: "h" }, "network-is-cut": flag } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const network = await cutNetwork();
  process.stdout.write(`network  ${NETWORK[network]}\n`);
  const startedMs = clock.elapsedMs();
  const stage = await openStage();
  closeOnSignal(stage);
  process.stdout.write(`cloud    ${stage.cloud.proxyUrl} (CAM, COS, SCF, TAG)\n`);
  process.stdout.write(`TRTC     ${stage.trtc.url} (emulator)\n\n`);
  try {
    await rehearse(stage);
  } finally {
    await stage.close();
  }
  const seconds = ((clock.elapsedMs() - startedMs) / SECOND_MS).toFixed(0);
  process.stdout.write(`\nrehearsed in ${seconds} s\n`);
}

/** A database server outlives the process that started it, unless it is stopped. */
function closeOnSignal({ close }: Stage): void {
  void runUntilSignal()
    .then(close)
    .finally(() => process.exit(130));
}

async function rehearse(stage: Stage): Promise<void> {
  const step = makeSteps(process.stdout);
  await rehearseDeployments(stage, step);
  await rehearseFunctions(stage, step);
  await rehearseRemoval(stage, step);
  await step("all recorded calls", () =>
    Promise.resolve(`${checkCalls(stage)}, all encrypted, none elsewhere, no role made`),
  );
}

const failing = (error: unknown): never => {
  throw new Error(`\nfailed: ${error instanceof Error ? error.message : String(error)}`);
};

runMain(() => main().catch(failing), endBySignal);
