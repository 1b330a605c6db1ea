/** `trtc-ingest event`: sends a cloud event to the functions that run on this machine. */
import { buildEvent } from "./build-event.js";
import { eventCommand, readCommandLine } from "./command-line.js";
import { EVENTS_PATH, gatewayOf } from "../../local/environment/run-file.js";
import type { CommandModule } from "../../local/terminal/command.js";
import { print } from "../../local/terminal/io.js";
import { printableJson } from "../../local/terminal/terminal.js";

const FUNCTION = "cloud-event";

export const event: CommandModule = {
  command: eventCommand,
  async run(args, io) {
    const command = readCommandLine(args, { env: io.env, at: io.clock.now() });
    const { spec, times, env, json } = command;
    const built = buildEvent(spec);
    if (command.print) {
      print(io, printableJson(built, 2));
      return 0;
    }
    const url = command.url ?? (await gatewayOf(env));
    let isWell = true;
    for (let time = 1; time <= times; time += 1) {
      const answer = await deliver(new URL(`${EVENTS_PATH}${FUNCTION}`, url), built);
      print(io, json ? printableJson(answer) : withDeployError(answer, time));
      isWell = isWell && isPlayed(answer);
    }
    return isWell ? 0 : 1;
  },
};

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
