/** `callbacks check`: whether the callback URL takes signed events, and no others. */
import { randomBytes } from "node:crypto";
import { NUMERIC_ROOM } from "../../shared/contract/fields.js";
import { duration, fail, pass, type Row } from "../../shared/health/row.js";
import { type Event, ROOM_CREATED } from "../../emulator/callbacks/bodies.js";
import { OK } from "../../emulator/callbacks/send.js";
import { type CommandModule, newCommand, parse } from "../../local/terminal/command.js";
import { hasColours, type Io, print } from "../../local/terminal/io.js";
import { printableJson } from "../../local/terminal/terminal.js";
import { summaryLine, summaryOf, table } from "../../ops/doctor/report.js";
import {
  type CallbackAddress,
  type CallbackFlags,
  type CallbackKey,
  readCallbackAddress,
} from "./address.js";
import { sendEvent } from "./post-event.js";

const command = () =>
  newCommand(
    "callbacks check",
    `Checks the URL that TRTC calls back: it must take an event that each key of TRTC_APPS signs, and refuse one that
another key signs. The event is a created room, which changes nothing. Ends with 1 when a check failed.`,
    `
trtc-ingest callbacks check
trtc-ingest callbacks check --url https://….ap-singapore.tencentscf.com --env-file prod.env`,
  )
    .option("--url <url>", "the function room-callback (TRTC_INGEST_CALLBACK_URL)")
    .option("--profile <name>", "a deployment of the profiles file (TRTC_INGEST_PROFILE)")
    .option("--local", "npm start on this machine")
    .option("--sdk-app-id <n>", "only the keys of this application")
    .option(
      "--env-file <file>",
      "more variables (.env, if it exists); the environment's take precedence",
    )
    .option("--json", "one JSON document instead of the table");

export const check: CommandModule = {
  command,
  async run(args, io) {
    const flags = parse(command(), args).flags as CallbackFlags & { json?: boolean };
    const address = await readCallbackAddress(io.env, flags);
    const rows: Row[] = [];
    for (const key of address.keys) rows.push(await signed(io, address, key));
    rows.push(await forged(io, address));
    const summary = summaryOf(rows, { strict: false });
    if (flags.json === true) print(io, printableJson({ ...summary, rows }));
    else io.out.write(`${table(rows, { colours: hasColours(io) })}\n${summaryLine(summary)}\n`);
    return summary.ok ? 0 : 1;
  },
};

const eventAt = (at: Date, { sdkAppId }: CallbackKey): Event => ({
  type: ROOM_CREATED,
  room: { sdkAppId, roomId: "1", roomIdType: NUMERIC_ROOM },
  userId: "trtc-ingest-check",
  at,
});

const LOG = "look into the log of room-callback";

async function signed(io: Io, address: CallbackAddress, key: CallbackKey): Promise<Row> {
  const name = `signed with ${key.place}`;
  const startedMs = io.clock.elapsedMs();
  const answer = await sendEvent(io.clock, { address, key, event: eventAt });
  if (answer === OK) return pass(name, `taken in ${duration(io.clock.elapsedMs() - startedMs)}`);
  if (answer !== REFUSED) return fail(name, `${answer}: TRTC repeats it for a minute`, LOG);
  return fail(
    name,
    `${answer}: the function has other keys, so it refuses TRTC's events`,
    "set the same CallbackKeys in TRTC's console, for room-callback and here",
  );
}

const REFUSED = "HTTP 401";

async function forged(io: Io, address: CallbackAddress): Promise<Row> {
  const name = "signed with another key";
  const [{ sdkAppId } = { sdkAppId: 1 }] = address.keys;
  const key = { sdkAppId, place: name, key: randomBytes(16).toString("hex") };
  const answer = await sendEvent(io.clock, { address, key, event: eventAt });
  if (answer === REFUSED) return pass(name, "refused, as it should be");
  return fail(name, `${answer}, instead of refusing it`, "check that this is room-callback's URL");
}
