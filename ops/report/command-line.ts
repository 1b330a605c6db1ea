/** The flags of `npm run report`. */
import { parseArgs } from "node:util";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";

export const HELP = `Reports how many ingests started, why they ended, how late their stops were, and the minutes that
TRTC played. Changes nothing.

  npm run report [-- flags]

  --since <when>      a time before now (24h; 90s, 30m, 7d) or an instant in ISO 8601 (2026-01-31T08:00:00Z)
  --caller <id>       only this caller
  --sdk-app-id <id>   only this application
  --local             the rows of npm start, running or not; DATABASE_URL is ignored
  --env-file <file>   more variables (.env, if it exists); the environment's take precedence
  --json              one JSON document instead of the tables
  --help

Reads the PostgreSQL that DATABASE_URL names, in the environment or in .env. Without one it reads the rows of
npm start (DATA_DIR), running or not.
`;

export interface Flags {
  help: boolean;
  json: boolean;
  isLocal: boolean;
  envFile: string | undefined;
  since: Date;
  callerId: string | undefined;
  sdkAppId: number | undefined;
}

/** Throws an Error that says what is wrong. */
export function readFlags(args: readonly string[], now: Date): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      since: { type: "string", default: "24h" },
      caller: { type: "string" },
      "sdk-app-id": { type: "string" },
      local: { type: "boolean", default: false },
      "env-file": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    help: values.help,
    json: values.json,
    isLocal: values.local,
    envFile: values["env-file"],
    since: readSince(values.since, now),
    callerId: values.caller,
    sdkAppId: readSdkAppId(values["sdk-app-id"]),
  };
}

const HOUR_MS = 60 * MINUTE_MS;
const UNITS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: 24 * HOUR_MS,
};

/** ISO 8601 with an offset, so that the instant is unambiguous. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

function readSince(text: string, now: Date): Date {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return addMs(now, -Number(count) * (UNITS[unit] ?? Number.NaN));
  const at = INSTANT.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(at.getTime())) {
    throw new Error(
      `--since ${text}: send a time such as 24h, 30m or 7d, or an instant with its offset`,
    );
  }
  if (at > now) throw new Error(`--since ${text} is in the future: send a past time`);
  return at;
}

function readSdkAppId(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,15}$/.test(text)) {
    return text === undefined ? undefined : Number(text);
  }
  throw new Error(`--sdk-app-id ${text} is not an SdkAppId: send the application's number`);
}
