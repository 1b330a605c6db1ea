/** `callbacks send`: an event of TRTC about an ingest, signed as TRTC signs it. */
import { Argument } from "commander";
import type { Json } from "../../shared/json.js";
import type { RoomIdType } from "../../shared/contract/rooms.js";
import {
  type Event,
  INGEST_STARTED,
  INGEST_STOPPED,
  ROOM_DISMISSED,
  ROOM_ENTERED,
  ROOM_LEFT,
} from "../../emulator/callbacks/bodies.js";
import { OK } from "../../emulator/callbacks/send.js";
import { type CommandModule, newCommand, parse, UsageError } from "../../local/terminal/command.js";
import { textOf } from "../../local/terminal/ingests.js";
import { print } from "../../local/terminal/io.js";
import { linesFor } from "../../local/terminal/table.js";
import { printableJson } from "../../local/terminal/terminal.js";
import { call } from "../api/call.js";
import { readRequest } from "../api/request.js";
import { type CallFlags, connect, refusalOf, withTarget } from "../commands/action-command.js";
import { type CallbackFlags, readCallbackAddress } from "./address.js";
import { sendEvent } from "./post-event.js";

/** What the event says of the ingest. */
interface Subject {
  taskId: string;
  room: { sdkAppId: number; roomId: string; roomIdType: RoomIdType };
  robot: string;
  /** The viewer of an event about one. */
  userId: string;
}

const source =
  (status: 0 | 1 | 2) =>
  ({ taskId }: Subject, at: Date): Event => ({ type: INGEST_STARTED, taskId, status, at });

interface Report {
  event: (subject: Subject, at: Date) => Event;
  /** What the functions do with it, after "it". */
  effect: string;
}

/** Named as a person says it. TRTC's numbers are in docs/lifecycle.md. */
const REPORTS: Readonly<Record<string, Report>> = {
  playing: { event: source(0), effect: "counts as a success of the source" },
  failed: { event: source(1), effect: "ends the ingest when it comes often within a minute" },
  retrying: { event: source(2), effect: "changes MediaState" },
  ended: {
    event: ({ taskId }, at) => ({ type: INGEST_STOPPED, taskId, status: 0, at }),
    effect: "ends the ingest when TRTC does not know its task",
  },
  dismissed: {
    event: ({ room }, at) => ({ type: ROOM_DISMISSED, room, at }),
    effect: "stops every ingest in the room",
  },
  removed: {
    event: ({ room, robot }, at) => ({ type: ROOM_LEFT, room, userId: robot, reason: 3, at }),
    effect: "ends the ingest when TRTC does not know its task",
  },
  entered: {
    event: ({ room, userId }, at) => ({ type: ROOM_ENTERED, room, userId, reason: 1, at }),
    effect: "adds a viewer, so an empty room does not stop its ingests",
  },
  left: {
    event: ({ room, userId }, at) => ({ type: ROOM_LEFT, room, userId, reason: 1, at }),
    effect: "takes a viewer away, so StopWhenEmptySeconds may stop the ingests in the room",
  },
};

const command = () =>
  withTarget(
    newCommand(
      "callbacks send",
      `Sends an event of TRTC about an ingest to the callback URL, signed with a key of TRTC_APPS. So you see what the
functions do when TRTC reports it. They act on it as on TRTC's own, so it may end an ingest that plays. At another
place than npm start it needs --yes.

${Object.entries(REPORTS)
  .map(([name, { effect }]) => `${name}: it ${effect}.`)
  .join("\n\n")}

--user-id names the viewer of entered and left.`,
      `
trtc-ingest callbacks send failed ing-… --local
trtc-ingest callbacks send dismissed ing-… --yes && trtc-ingest callbacks list ing-…`,
    )
      .addArgument(new Argument("<event>", "what TRTC reports").choices(Object.keys(REPORTS)))
      .argument("<TaskId>")
      .option("--user-id <text>", "the viewer of entered and left", "viewer")
      .option("--yes", "send it to a deployment, whatever it ends there")
      .option("--url <url>", "the function room-callback (TRTC_INGEST_CALLBACK_URL)")
      .option(
        "--env-file <file>",
        "more variables (.env, if it exists); the environment's take precedence",
      ),
  );

export const sendCallback: CommandModule = {
  command,
  async run(args, io) {
    const { flags, rest } = parse(command(), args);
    const {
      userId,
      yes = false,
      ...others
    } = flags as CallFlags & CallbackFlags & { userId: string; yes?: boolean };
    const [name = "", TaskId = ""] = rest;
    const request = await readRequest(
      "DescribeStreamIngest",
      { flags: {}, positional: { TaskId } },
      io,
    );
    const answer = await call(await connect(others, io), "DescribeStreamIngest", request);
    if (answer.error) {
      io.err.write(`${refusalOf(answer)}\n`);
      return 1;
    }
    const subject = subjectOf(answer.response, userId);
    const sdkAppId = String(subject.room.sdkAppId);
    const address = await readCallbackAddress(io.env, { ...others, sdkAppId });
    const [key] = address.keys;
    const report = REPORTS[name];
    if (!key || !report) throw new UsageError(`send one of ${Object.keys(REPORTS).join(", ")}`);
    if (!address.isLocal && !yes) {
      throw new UsageError(
        `${name} was not sent to ${address.url.href}: it ${report.effect}. Send --yes to do it`,
      );
    }
    const event = (at: Date) => report.event(subject, at);
    const Answer = await sendEvent(io.clock, { address, key, event });
    const sent = { Event: name, TaskId, Answer, ok: Answer === OK };
    if (others.json === true) print(io, printableJson(sent));
    else io.out.write(`${linesFor(io, COLUMNS, [sent]).join("\n")}\n`);
    return sent.ok ? 0 : 1;
  },
};

const COLUMNS = (["Event", "TaskId", "Answer"] as const).map((field) => ({
  title: field === "TaskId" ? "TASK" : field.toUpperCase(),
  cell: (row: Json) => textOf(row[field]),
}));

function subjectOf(ingest: Json, userId: string): Subject {
  const { TrtcTaskId, TaskId, SdkAppId, RoomId, RoomIdType, UserId } = ingest;
  if (typeof TrtcTaskId !== "string") {
    throw new Error(`${textOf(TaskId)} has no task at TRTC: send it once the ingest has started`);
  }
  const room = {
    sdkAppId: Number(SdkAppId),
    roomId: textOf(RoomId),
    roomIdType: Number(RoomIdType) as RoomIdType,
  };
  return { taskId: TrtcTaskId, room, robot: textOf(UserId), userId };
}
