/** The flags of `npm run event`. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { EVENT_KINDS, type EventKind, type EventSpec } from "./build-event.js";

export const HELP = `Sends a cloud event to the functions that run here (npm start), in the envelope of its provider.

  npm run event -- cos --key clip.mp4                  an object was stored in COS
  npm run event -- s3 --key clip.mp4                   in S3
  npm run event -- eventbridge --key clip.mp4          in S3, reported by EventBridge
  npm run event -- sqs --key clip.mp4                  in S3, reported to a queue
  npm run event -- ckafka --file message.json          a message; --file again: more in one event
  npm run event -- cmq --file message.json
  npm run event -- sqs --file message.json
  npm run event -- eventbridge --file detail.json      an application's event on AWS
  npm run event -- cloudevents --file data.json        an application's event on Tencent Cloud, also from TDMQ

  --bucket <name>    media-1250000000 and media are the buckets of npm start: the emulator's media
  --region <region>  the bucket's region
  --source <name>    the topic, the queue's ARN, or the event's source, if not that of npm start
  --id <text>        identifies the delivery: the same id again is a redelivery
  --times <n>        deliver it n times (1)
  --url <url>        the functions' address (PORT; or the run of DATA_DIR; or http://127.0.0.1:3000)
  --local            the run on this machine (the default)
  --env-file <file>  more variables (.env, if it exists); the environment's take precedence
  --print            print the event without sending it
  --json             one JSON document for each delivery
  --help

A message is an action: {"Action":"StartStreamIngest","SdkAppId":1400000000,"RoomId":"lobby",
"RoomIdType":0,"StreamUrl":"http://127.0.0.1:3001/media/clip.mp4"}. Exits with 1 when a message was not played.
`;

const FLAGS = {
  bucket: { type: "string" },
  key: { type: "string" },
  region: { type: "string" },
  file: { type: "string", multiple: true },
  source: { type: "string" },
  id: { type: "string" },
  times: { type: "string" },
  url: { type: "string" },
  local: { type: "boolean" },
  "env-file": { type: "string" },
  print: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export interface EventCommand {
  spec: EventSpec;
  times: number;
  /** The given URL. Absent: the run of `env`. */
  url: string | undefined;
  env: Environment;
  print: boolean;
  json: boolean;
}

/** `undefined`: print the help text. Throws an Error that says what is wrong. */
export function readCommandLine(
  args: readonly string[],
  { env, at }: { env: Environment; at: Date },
): EventCommand | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: FLAGS,
    allowPositionals: true,
  });
  if (values.help) return undefined;
  const [named, ...rest] = positionals;
  const kind = EVENT_KINDS.find((name) => name === named);
  if (!kind || rest.length > 0)
    throw new Error(`name one of ${EVENT_KINDS.join(", ")}; see --help`);
  const { bucket, key, region, source, file: files = [] } = values;
  const id = values.id ?? randomUUID();
  const bodies = files.map(readMessage);
  return {
    spec: { kind: kind satisfies EventKind, id, at, source, bodies, bucket, key, region },
    times: readTimes(values.times ?? "1"),
    url: values.url === undefined ? undefined : readUrl(values.url),
    env: withEnvFile(env, values["env-file"]),
    print: values.print ?? false,
    json: values.json ?? false,
  };
}

function readMessage(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Error(`the file ${file} does not exist`);
  }
}

function readTimes(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new Error("--times must be a number from 1 to 99");
}

function readUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new Error("--url must be a URL that begins with http://");
}
