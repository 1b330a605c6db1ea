/** The verbs of `trtc-ingest dead-letters`, for the rows of any database. */
import type { Clock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { actingAs, type Services } from "../../shared/ingest/services.js";
import type { Store } from "../../shared/store/store.js";
import {
  printable,
  printableJson,
  printableLines,
  type CommandResult,
} from "../../local/terminal/terminal.js";
import { type DeadLettersCommand, readCommandLine } from "./command-line.js";
import { operatorOf } from "../operator.js";
import {
  deadLettersIn,
  deadLettersNamed,
  lineOf,
  pageOf,
  type Replayed,
  replayOne,
  shown,
} from "./list.js";
import { notificationLine, resend, shownNotification } from "./notifications.js";

export interface Desk {
  env: Environment;
  store: Store;
  /** Those of DATABASE_URLS. Dead letters are in `store`, and notifications are in all of them. */
  others?: readonly Store[];
  clock: Clock;
  /** Made for a replay only, because it needs a complete configuration. */
  services: () => Services;
  onProgress?: (done: number, all: number) => void;
}

/** Throws an Error that says what is wrong. */
export async function runDeadLetters(args: readonly string[], desk: Desk): Promise<CommandResult> {
  const command = readCommandLine(args, desk.env);
  const { store } = desk;
  switch (command.verb) {
    case "list":
      return list(store, command);
    case "show":
      return show(store, command);
    case "replay":
      return replay(desk, command);
    case "drop":
      return drop(store, command);
    case "notifications":
      return listNotifications([store, ...(desk.others ?? [])], command);
    case "resend":
      return sendAgain(desk, command);
  }
}

const done = (out: string, isWell = true): CommandResult => ({ out, code: isWell ? 0 : 1 });

async function list(store: Store, { all, json }: DeadLettersCommand): Promise<CommandResult> {
  const deadLetters = await collect(deadLettersIn(store, all));
  if (json) return done(printableJson(deadLetters.map(shown), 2));
  return done(deadLetters.map(lineOf).join("\n") || "no dead letters");
}

async function show(store: Store, { ids, json }: DeadLettersCommand): Promise<CommandResult> {
  const deadLetters = await deadLettersNamed(store, ids);
  if (json) return done(printableJson(deadLetters.map(shown), 2));
  return done(deadLetters.map(pageOf).join("\n\n"));
}

async function replay(desk: Desk, { ids, all, json }: DeadLettersCommand): Promise<CommandResult> {
  const { store, onProgress } = desk;
  const deadLetters = all
    ? await collect(deadLettersIn(store, false))
    : await deadLettersNamed(store, ids);
  const made = desk.services();
  const services = actingAs(made, operatorOf("dead-letters replay"));
  const replayed: Replayed[] = [];
  for (const deadLetter of deadLetters) {
    onProgress?.(replayed.length, deadLetters.length);
    replayed.push(await replayOne(services, deadLetter));
  }
  const isWell = replayed.every(({ outcome }) => outcome === "done");
  if (json) return done(printableJson(replayed, 2), isWell);
  const lines = replayed.map(({ id, outcome, message = "" }) =>
    printable(`${id}  ${outcome}  ${message}`.trim()),
  );
  return done(lines.join("\n") || "no dead letters", isWell);
}

async function drop(store: Store, { ids, all, json }: DeadLettersCommand): Promise<CommandResult> {
  const deadLetters = all
    ? await collect(deadLettersIn(store, true))
    : await deadLettersNamed(store, ids);
  const dropped: string[] = [];
  for (const { id, replayedAt } of deadLetters) {
    if (all && replayedAt === null) continue;
    if (await store.deadLetters.drop(id)) dropped.push(id);
  }
  return done(json ? printableJson(dropped) : `dropped ${dropped.length}`);
}

/** More than a person reads. */
const NOTIFICATIONS_MAX = 1000;

async function listNotifications(
  stores: readonly Store[],
  { json }: DeadLettersCommand,
): Promise<CommandResult> {
  const limit = NOTIFICATIONS_MAX + 1;
  const dead = (await Promise.all(stores.map((store) => store.outbox.listDead({ limit }))))
    .flat()
    .sort((one, other) => other.deadAt.getTime() - one.deadAt.getTime());
  const newest = dead.slice(0, NOTIFICATIONS_MAX);
  if (json) return done(printableJson(newest.map(shownNotification), 2));
  const lines = newest.map(notificationLine).map(printable);
  if (dead.length > newest.length) lines.push(`the newest ${newest.length}: there are more`);
  return done(lines.join("\n") || "every notification is delivered or still waiting");
}

async function sendAgain(
  { store, others = [], clock }: Desk,
  { ids, json }: DeadLettersCommand,
): Promise<CommandResult> {
  const results = await resend([store, ...others], ids, clock);
  const isWell = results.every(({ outcome }) => outcome !== "not there");
  if (json) return done(printableJson(results, 2), isWell);
  return done(
    printableLines(results.map(({ id, outcome }) => `${id}  ${outcome}`).join("\n")),
    isWell,
  );
}

async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of all) items.push(item);
  return items;
}
