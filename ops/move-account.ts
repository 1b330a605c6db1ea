/** `trtc-ingest move-account`: moves the rows of an account from one database to another. */
import type { Command } from "commander";
import { withEnvFile } from "../local/environment/env-file.js";
import { type CommandModule, newCommand, parse, UsageError } from "../local/terminal/command.js";
import { type Io, print } from "../local/terminal/io.js";
import { readConfig } from "../shared/config/configuration.js";
import { copyAudience, copySpending, dropSpending } from "../shared/store/move/applications.js";
import { openPostgres } from "../shared/store/engine/postgres.js";
import { readVersion, versionFault } from "../shared/store/schema/version.js";
import { countLeft, type Left, movableIngests, settleHeld } from "../shared/store/move/ingests.js";
import { moveRows, type Route } from "../shared/store/move/move.js";
import { movableSchedules, planHeld } from "../shared/store/move/schedules.js";

const DESCRIPTION = `Moves the rows of an account from the second of its two URLs in DATABASE_URLS to the first, while functions and
timers work on both. docs/scale.md says what to deploy before and after it.

Without --yes it changes nothing, and shows what it would move. An ingest that ends, starts or switches within --ahead
seconds stays for now, and so does one that a function works on. Run it again for those: it ends with 1 while rows are
left. It may be killed at any time, and the next run goes on.`;

const EXAMPLES = `
trtc-ingest move-account cn
trtc-ingest move-account cn --yes`;

/** Longer than two runs of the slowest timer, so that a run of the new database sees the row in time. */
const AHEAD_SECONDS = "150";

const moveAccountCommand = (): Command =>
  newCommand("move-account", DESCRIPTION, EXAMPLES)
    .argument("<account>")
    .option("--yes", "do it; without it nothing changes")
    .option("--ahead <seconds>", "what is due sooner stays for now", AHEAD_SECONDS)
    .option(
      "--env-file <file>",
      "more variables (.env, if it exists); the environment's take precedence",
    );

export const moveAccount: CommandModule = {
  command: moveAccountCommand,
  async run(args, io) {
    const { flags, rest } = parse(moveAccountCommand(), args);
    const { yes, ahead, envFile } = flags as { yes?: boolean; ahead: string; envFile?: string };
    if (!/^\d{1,5}$/.test(ahead)) throw new UsageError("--ahead must be a number of seconds");
    const move = { ...readMove(withEnvFile(io.env, envFile), rest[0] ?? ""), ahead: Number(ahead) };
    const { ca } = move;
    const from = openPostgres({ url: move.fromUrl, ca }, LIMITS);
    const to = openPostgres({ url: move.toUrl, ca }, LIMITS);
    try {
      for (const { query } of [from, to]) {
        const fault = versionFault(await readVersion(query));
        if (fault !== undefined) throw new Error(fault);
      }
      const left = await (yes === true ? moveAll : show)({ from, to }, move, io);
      return left.live + left.ended + left.schedules === 0 ? 0 : 1;
    } finally {
      await Promise.all([from.close(), to.close()]);
    }
  },
};

const LIMITS = { connectionsMax: 1, queryTimeoutMs: 60_000 };

interface Move {
  account: string;
  sdkAppIds: number[];
  toUrl: string;
  fromUrl: string;
  ca: string | undefined;
  /** Seconds. */
  ahead: number;
}

function readMove(env: Io["env"], account: string): Omit<Move, "ahead"> {
  const needed = new Set(["TRTC_APPS", "DATABASE_URL", "DATABASE_URLS", "DATABASE_CA"] as const);
  const { applications, databaseUrls, databaseCa: ca } = readConfig(env, needed);
  const [toUrl, fromUrl] = databaseUrls.get(account) ?? [];
  if (toUrl === undefined || fromUrl === undefined) {
    throw new UsageError(
      `DATABASE_URLS has no two URLs for the account ${account}: set the new and the old one, and deploy first (docs/scale.md)`,
    );
  }
  const sdkAppIds = [...applications.values()]
    .filter(({ Account }) => Account === account)
    .map(({ SdkAppId }) => SdkAppId);
  return { account, sdkAppIds, toUrl, fromUrl, ca };
}

async function show({ from }: Route, move: Move, io: Io): Promise<Left> {
  const left = await countLeft(from.query, move);
  print(io, `would move ${words(left)}: nothing was changed; send --yes to do it`);
  return NOTHING;
}

const NOTHING: Left = { ended: 0, live: 0, schedules: 0 };

/** Schedules go first, so that what they plan from now on is in the new database. */
async function moveAll(route: Route, move: Move, io: Io): Promise<Left> {
  const { account, sdkAppIds, ahead } = move;
  const queries = { from: route.from.query, to: route.to.query };
  await settleHeld(queries, account);
  await planHeld(queries, sdkAppIds);
  await copyAudience(queries, sdkAppIds);
  const say = (what: string) => (count: number) => {
    print(io, `moved ${count} ${what}`);
  };
  await moveRows(route, movableSchedules(sdkAppIds), say("schedules"));
  await moveRows(route, movableIngests(account, ahead), say("ingests"));
  const left = await countLeft(route.from.query, move);
  if (left.live + left.ended + left.schedules > 0) {
    print(io, `${words(left)} stay for now: run it again`);
    return left;
  }
  const spent = await route.to.transaction((to) =>
    copySpending({ from: route.from.query, to }, sdkAppIds),
  );
  await dropSpending(route.from.query, spent);
  print(io, `the account ${account} has moved: remove the old URL from DATABASE_URLS, and deploy`);
  return left;
}

const words = ({ live, ended, schedules }: Left): string =>
  `${live} live ingests, ${ended} ended ones and ${schedules} schedules`;
