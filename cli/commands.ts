/** Every command by its name. A command's code is loaded when it runs. */
import type { Entry, Group } from "./entry.js";
import type { Verb } from "../ops/admin/command-line.js";
import type { ScheduleVerb } from "./commands/schedules.js";

const SCHEDULE_VERBS: readonly (readonly [ScheduleVerb, string])[] = [
  ["create", "create a schedule"],
  ["list", "list the caller's schedules"],
  ["describe", "show a schedule"],
  ["update", "change, pause or enable a schedule"],
  ["delete", "delete a schedule"],
  ["preview", "show when a schedule plays next"],
  ["run", "play a schedule's ingest now"],
  ["skip", "leave one occurrence out"],
  ["occurrences", "list what is planned, plays, or is over"],
];

const ADMIN_VERBS: readonly (readonly [Verb, string])[] = [
  ["list", "what runs now, and what is in trouble"],
  ["timeline", "what happened to an ingest, and who did it"],
  ["cost", "what all callers' ingests have cost, and will cost"],
  ["stop", "stop a room, a caller, or everything"],
  ["move", "move deadlines and scheduled starts"],
];

const CALLBACK_VERBS = [
  {
    name: "callbacks list",
    summary: "what TRTC's callbacks changed",
    load: async () => (await import("./callbacks/list.js")).list,
  },
  {
    name: "callbacks check",
    summary: "whether the callback URL takes signed events, and no others",
    load: async () => (await import("./callbacks/check.js")).check,
  },
  {
    name: "callbacks send",
    summary: "send an event of TRTC about an ingest",
    load: async () => (await import("./callbacks/send.js")).sendCallback,
  },
] as const satisfies readonly Entry[];

const ingest = async (name: "start" | "update" | "describe") =>
  (await import("./commands/ingests.js"))[name];

export const GROUPS: readonly Group[] = [
  {
    title: "Call a deployment (TRTC_INGEST_URL and a key, --profile, or --local):",
    entries: [
      { name: "start", summary: "play a stream in a room", load: () => ingest("start") },
      {
        name: "stop",
        summary: "end ingests",
        load: async () => (await import("./commands/stop.js")).stop,
      },
      {
        name: "update",
        summary: "change, pause or move an ingest",
        load: () => ingest("update"),
      },
      {
        name: "describe",
        summary: "show all that is known of an ingest",
        load: () => ingest("describe"),
      },
      {
        name: "list",
        summary: "list the caller's ingests",
        load: async () => (await import("./commands/list.js")).list,
      },
      {
        name: "timeline",
        summary: "what happened to an ingest, and who did it",
        load: async () => (await import("./commands/list.js")).timeline,
      },
      {
        name: "watch",
        summary: "ingests with live rows",
        load: async () => (await import("./commands/watch.js")).watch,
      },
      {
        name: "cost",
        summary: "what ingests have cost, and will have cost at their deadlines",
        load: async () => (await import("./commands/cost.js")).cost,
      },
      ...CALLBACK_VERBS,
    ],
  },
  {
    title: "Schedules:",
    entries: SCHEDULE_VERBS.map(([verb, summary]) => ({
      name: `schedules ${verb}`,
      summary,
      load: async () => (await import("./commands/schedules.js")).scheduleCommand(verb),
    })),
  },
  {
    title: "All callers' ingests (DATABASE_URL, or npm start on this machine):",
    entries: ADMIN_VERBS.map(([verb, summary]) => ({
      name: `admin ${verb}`,
      summary,
      load: async () => (await import("../ops/admin.js")).adminModule(verb),
    })),
  },
  {
    title: "Look after a deployment (an operator's key, or npm start on this machine):",
    entries: [
      {
        name: "health",
        summary: "whether it is healthy: timers, late work, receivers",
        load: async () => (await import("./commands/health.js")).health,
      },
      {
        name: "logs",
        summary: "the log of npm start, by ingest, function or level",
        load: async () => (await import("./logs/logs.js")).logs,
      },
    ],
  },
  {
    title: "Operate a deployment (DATABASE_URL, or npm start on this machine):",
    entries: [
      {
        name: "doctor",
        summary: "check a configuration, and say what to do",
        load: async () => (await import("../ops/doctor.js")).doctor,
      },
      {
        name: "report",
        summary: "what became of the ingests: starts, ends, lateness, minutes",
        load: async () => (await import("../ops/report.js")).report,
      },
      {
        name: "dead-letters",
        summary: "messages and notifications that failed; replay, resend or drop them",
        load: async () => (await import("../ops/dead-letters.js")).deadLetters,
      },
      {
        name: "migrate",
        summary: "bring the database to the newest version",
        load: async () => (await import("../ops/migrate.js")).migrate,
      },
      {
        name: "move-account",
        summary: "move an account's rows to another database",
        load: async () => (await import("../ops/move-account.js")).moveAccount,
      },
      {
        name: "event",
        summary: "send a cloud event to the run on this machine",
        load: async () => (await import("../ops/event/event.js")).event,
      },
    ],
  },
  {
    title: "This command line:",
    entries: [
      {
        name: "completion",
        summary: "a script that completes commands and flags in bash and zsh",
        load: async () => (await import("./commands/completion.js")).completion(() => ENTRIES),
      },
    ],
  },
];

/** What the list of commands says about the first word of names with two. */
export const NESTED: Readonly<Record<string, string>> = {
  admin: `what all callers have: ${ADMIN_VERBS.map(([verb]) => verb).join(", ")}`,
  callbacks: `what TRTC reports: ${CALLBACK_VERBS.map(({ name }) => name.split(" ")[1]).join(", ")}`,
  schedules: `windows that come again: ${SCHEDULE_VERBS.map(([verb]) => verb).join(", ")}`,
};

export const ENTRIES: readonly Entry[] = GROUPS.flatMap(({ entries }) => entries);
