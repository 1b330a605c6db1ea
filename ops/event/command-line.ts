/** The flags of `trtc-ingest event`. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { newCommand, parse, UsageError } from "../../local/terminal/command.js";
import { EVENT_KINDS, type EventKind, type EventSpec } from "./build-event.js";

const DESCRIPTION = `Sends a cloud event to the functions that run here (npm start), in the envelope of its provider: an object
was stored (--key), or a message arrived (--file). Ends with 1 when a message was not played.

A message is an action: {"Action":"StartStreamIngest","SdkAppId":1400000000,"RoomId":"lobby",
"RoomIdType":0,"StreamUrl":"http://127.0.0.1:3001/media/clip.mp4"}.`;

const EXAMPLES = `
trtc-ingest event cos --key clip.mp4               an object was stored in COS
trtc-ingest event s3 --key clip.mp4                in S3
trtc-ingest event eventbridge --key clip.mp4       in S3, reported by EventBridge
trtc-ingest event sqs --key clip.mp4               in S3, reported to a queue
trtc-ingest event ckafka --file message.json       a message; --file again: more in one event
trtc-ingest event cloudevents --file data.json     an application's event on Tencent Cloud, also from TDMQ`;

const repeated = (value: string, before: readonly string[] = []): string[] => before.concat(value);

export const eventCommand = (): Command =>
  newCommand("event", DESCRIPTION, EXAMPLES)
    .argument("[kind]", EVENT_KINDS.join(", "))
    .option(
      "--bucket <name>",
      "media-1250000000 and media are the buckets of npm start: the emulator's media",
    )
    .option("--key <key>", "the key of the stored object")
    .option("--region <region>", "the bucket's region")
    .option("--file <file>", "a file with a message; may be repeated", repeated)
    .option(
      "--source <name>",
      "the topic, the queue's ARN, or the event's source, if not that of npm start",
    )
    .option("--id <text>", "identifies the delivery: the same id again is a redelivery")
    .option("--times <n>", "deliver it n times", "1")
    .option(
      "--url <url>",
      "the functions' address (PORT; or the run of DATA_DIR; or http://127.0.0.1:3000)",
    )
    .option("--local", "the run on this machine (the default)")
    .option(
      "--env-file <file>",
      "more variables (.env, if it exists); the environment's take precedence",
    )
    .option("--print", "print the event without sending it")
    .option("--json", "one JSON document for each delivery");

export interface EventCommand {
  spec: EventSpec;
  times: number;
  /** The given URL. Absent: the run of `env`. */
  url: string | undefined;
  env: Environment;
  print: boolean;
  json: boolean;
}

/** Throws UsageError that says what is wrong. */
export function readCommandLine(
  args: readonly string[],
  { env, at }: { env: Environment; at: Date },
): EventCommand {
  const parsed = parse(eventCommand(), args);
  const { rest } = parsed;
  const flags = parsed.flags as {
    bucket?: string;
    key?: string;
    region?: string;
    file?: string[];
    source?: string;
    id?: string;
    times: string;
    url?: string;
    envFile?: string;
    print?: boolean;
    json?: boolean;
  };
  const kind = EVENT_KINDS.find((name) => name === rest[0]);
  if (!kind) throw new UsageError(`name one of ${EVENT_KINDS.join(", ")}; see --help`);
  const { bucket, key, region, source, file: files = [] } = flags;
  const id = flags.id ?? randomUUID();
  const bodies = files.map(readMessage);
  return {
    spec: { kind: kind satisfies EventKind, id, at, source, bodies, bucket, key, region },
    times: readTimes(flags.times),
    url: flags.url === undefined ? undefined : readUrl(flags.url),
    env: withEnvFile(env, flags.envFile),
    print: flags.print ?? false,
    json: flags.json ?? false,
  };
}

function readMessage(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`the file ${file} does not exist`);
  }
}

function readTimes(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError("--times must be a number from 1 to 99");
}

function readUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new UsageError("--url must be a URL that begins with http://");
}
