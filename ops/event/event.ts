/** `npm run event`: sends a cloud event to the functions that run on this machine. */
import { environment } from "../../shared/config/environment.js";
import { systemClock as clock } from "../../shared/clock.js";
import { buildEvent } from "./build-event.js";
import { HELP, readCommandLine } from "./command-line.js";
import { EVENTS_PATH } from "../../local/environment/run-file.js";
import { gatewayOf } from "../../local/environment/run-file.js";
import { out, printableJson, runMain } from "../../local/terminal/terminal.js";

const FUNCTION = "cloud-event";

async function main(): Promise<void> {
  const at = clock.now();
  const command = readCommandLine(process.argv.slice(2), { env: environment(), at });
  if (!command) {
    process.stdout.write(HELP);
    return;
  }
  const { spec, times, env, print, json } = command;
  const event = buildEvent(spec);
  if (print) {
    out(printableJson(event, 2));
    return;
  }
  const url = command.url ?? (await gatewayOf(env));
  for (let time = 1; time <= times; time += 1) {
    const answer = await deliver(new URL(`${EVENTS_PATH}${FUNCTION}`, url), event);
    out(json ? printableJson(answer) : withDeployError(answer, time));
    if (!isPlayed(answer)) process.exitCode = 1;
  }
}

/** The function's answer or error. SQS has its own form. */
interface Answer {
  thrown?: string;
  batchItemFailures?: unknown[];
  dead?: number;
  message?: string;
}

async function deliver(url: URL, event: unknown): Promise<Answer> {
  const request = {
    method: "POST",
    body: JSON.stringify(event),
    headers: { "content-type": "application/json" },
  };
  const response = await fetch(url, request).catch(() => {
    throw new Error(`no answer at ${url.origin}: run npm start`);
  });
  const answer = (await response.json().catch(() => ({}))) as Answer;
  if (response.ok) return answer;
  throw new Error(
    `${url.origin} answers ${response.status}: ${answer.message ?? "no reason given"}`,
  );
}

const isPlayed = ({ thrown, batchItemFailures = [], dead = 0 }: Answer): boolean =>
  thrown === undefined && batchItemFailures.length === 0 && dead === 0;

function withDeployError(answer: Answer, time: number): string {
  const head = `delivery ${time}  `;
  if (answer.thrown !== undefined)
    return `${head}thrown, so the platform would send it again: ${answer.thrown}`;
  if (answer.batchItemFailures) {
    return `${head}to come again: ${answer.batchItemFailures.length === 0 ? "none" : JSON.stringify(answer.batchItemFailures)}`;
  }
  const counts = Object.entries(answer).map(([name, count]) => `${name} ${String(count)}`);
  return `${head}${counts.join("  ")}`;
}

runMain(main);
