/**
 * What the CLI writes on its way holds every variable of every function, secrets included. Nobody
 * else may read it; after a deployment, whatever became of that, it is gone.
 */
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const OWNER_ONLY = 0o077;

/** Of files that are made from here on, also by the CLI. */
export function makeFilesPrivate(): void {
  process.umask(OWNER_ONLY);
}

/** What lay there before keeps its rights when it is written anew, so they are taken away. */
export function makePrivate(path: string): void {
  if (!existsSync(path)) return;
  const isFolder = statSync(path).isDirectory();
  chmodSync(path, isFolder ? 0o700 : 0o600);
  if (isFolder) for (const entry of readdirSync(path)) makePrivate(join(path, entry));
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** When the process ends: well, with a failure, or interrupted. */
export function removeAtExit(folder: string): void {
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", remove);
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      remove();
      // Nothing listens any more, so this ends the process as it would have ended before.
      process.kill(process.pid, signal);
    });
  }
}

interface Cli {
  serviceDir?: string;
  processedInput?: { commands: string[] };
}

/** The hooks of a plugin. `folder`: what `--package` names in the place of `.serverless`. */
export function privateFiles(cli: Cli, { package: folder }: { package?: string }) {
  const written = folder ?? join(cli.serviceDir ?? process.cwd(), ".serverless");
  return {
    "before:package:cleanup": () => {
      makeFilesPrivate();
      makePrivate(written);
      // Of a package on its own the files are what was asked for.
      if (cli.processedInput?.commands[0] === "deploy") removeAtExit(written);
    },
    "before:package:finalize": () => {
      makePrivate(written);
    },
  };
}
