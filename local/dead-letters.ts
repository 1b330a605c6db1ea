/** `npm run dead-letters`: what came to nothing of cloud events, to be looked at and played again. */
import { join } from "node:path";
import { environment } from "../shared/config.js";
import { systemClock as clock } from "../shared/clock.js";
import type { Log } from "../shared/log.js";
import { makeServices } from "../shared/runtime/services.js";
import type { Database } from "../shared/store/database.js";
import { openPglite } from "../shared/store/pglite.js";
import { openPostgres } from "../shared/store/postgres.js";
import { createStore, type Store } from "../shared/store/store.js";
import { versionChecked } from "../shared/store/version.js";
import { readConfig } from "../shared/validation/configuration.js";
import { readDatabaseAddress } from "../shared/validation/database-address.js";
import { HELP, type LettersCommand, readCommandLine } from "./dead-letters/command-line.js";
import {
  lettersIn,
  lettersNamed,
  lineOf,
  pageOf,
  type Replayed,
  replayOne,
  shown,
} from "./dead-letters/letters.js";
import { notificationLine, resend, shownNotification } from "./dead-letters/notifications.js";
import { progressOn } from "./progress.js";
import { SNAPSHOTS } from "./snapshots.js";

const out = (line: string) => process.stdout.write(`${line}\n`);

/** What went wrong is said for each letter; the functions' own lines are for a log. */
const quiet: Log = () => undefined;

async function main(): Promise<void> {
  const command = readCommandLine(process.argv.slice(2), environment());
  if (!command) {
    process.stdout.write(HELP);
    return;
  }
  const database = await openDatabase(command);
  try {
    await run(command, database);
  } finally {
    await database.close();
  }
}

async function openDatabase({ env, isLocal }: LettersCommand): Promise<Database> {
  const address = readDatabaseAddress(env);
  if (address) return versionChecked(openPostgres(address));
  if (!isLocal)
    throw new Error("DATABASE_URL is not set; --local is for the database of npm start");
  const directory = join(env["DATA_DIR"] || ".data", "postgres");
  return openPglite({ directory, snapshotDirectory: SNAPSHOTS });
}

async function run(command: LettersCommand, database: Database): Promise<void> {
  const store = createStore(database);
  switch (command.verb) {
    case "list":
      return list(store, command);
    case "show":
      return show(store, command);
    case "replay":
      return replay(store, command, database);
    case "drop":
      return drop(store, command);
    case "notifications":
      return listNotifications(store, command);
    case "resend":
      return sendAgain(store, command);
  }
}

async function list(store: Store, { all, json }: LettersCommand): Promise<void> {
  const letters = await collect(lettersIn(store, all));
  if (json) out(JSON.stringify(letters.map(shown), null, 2));
  else out(letters.map(lineOf).join("\n") || "no dead letters");
}

async function show(store: Store, { ids, json }: LettersCommand): Promise<void> {
  const letters = await lettersNamed(store, ids);
  out(json ? JSON.stringify(letters.map(shown), null, 2) : letters.map(pageOf).join("\n\n"));
}

async function replay(store: Store, command: LettersCommand, database: Database): Promise<void> {
  const { ids, all, json, env } = command;
  const letters = all ? await collect(lettersIn(store, false)) : await lettersNamed(store, ids);
  const services = makeServices({ config: readConfig(env), database, log: quiet });
  const progress = process.stderr.isTTY ? progressOn(process.stderr, clock) : undefined;
  const replayed: Replayed[] = [];
  try {
    for (const letter of letters) {
      progress?.show(`replayed ${replayed.length} of ${letters.length}`);
      replayed.push(await replayOne(services, letter));
    }
  } finally {
    progress?.end();
    services.trtc.close();
  }
  if (json) out(JSON.stringify(replayed, null, 2));
  else if (replayed.length === 0) out("no dead letters");
  else
    for (const { id, outcome, message = "" } of replayed)
      out(`${id}  ${outcome}  ${message}`.trim());
  if (replayed.some(({ outcome }) => outcome !== "done")) process.exitCode = 1;
}

async function drop(store: Store, { ids, all, json }: LettersCommand): Promise<void> {
  const letters = all ? await collect(lettersIn(store, true)) : await lettersNamed(store, ids);
  const dropped: string[] = [];
  for (const { id, replayedAt } of letters) {
    if (all && replayedAt === null) continue;
    if (await store.dropDeadLetter(id)) dropped.push(id);
  }
  out(json ? JSON.stringify(dropped) : `dropped ${dropped.length}`);
}

/** More than anybody reads. */
const NOTIFICATIONS_MAX = 1000;

async function listNotifications(store: Store, { json }: LettersCommand): Promise<void> {
  const dead = await store.outbox.listDead({ limit: NOTIFICATIONS_MAX });
  if (json) out(JSON.stringify(dead.map(shownNotification), null, 2));
  else out(dead.map(notificationLine).join("\n") || "every notification was taken, or waits");
}

async function sendAgain(store: Store, { ids, json }: LettersCommand): Promise<void> {
  const results = await resend(store, ids, clock);
  if (json) out(JSON.stringify(results, null, 2));
  else for (const { id, outcome } of results) out(`${id}  ${outcome}`);
  if (results.some(({ outcome }) => outcome === "not there")) process.exitCode = 1;
}

async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of all) found.push(each);
  return found;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
