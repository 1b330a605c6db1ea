/**
 * The CLI writes files with every variable of every function, including secrets. Only their user
 * may read them. After a deployment, successful or not, they are removed.
 */
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const OWNER_ONLY = 0o077;

/** For all files that this process creates from now on, including the CLI's. */
export function makeFilesPrivate(): void {
  process.umask(OWNER_ONLY);
}

/** An existing file keeps its rights when it is written again, so they are removed here. */
export function makePrivate(path: string): void {
  if (!existsSync(path)) return;
  const isFolder = statSync(path).isDirectory();
  chmodSync(path, isFolder ? 0o700 : 0o600);
  if (isFolder) for (const entry of readdirSync(path)) makePrivate(join(path, entry));
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** When the process ends normally, with a failure, or by a signal. */
export function removeAtExit(folder: string): void {
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", remove);
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      remove();
      // No handler is left, so this signal ends the process as it did before.
      process.kill(process.pid, signal);
    });
  }
}

interface Cli {
  serviceDir?: string;
  processedInput?: { commands: string[] };
}

/** The plugin's hooks. `folder`: the folder that `--package` names instead of `.serverless`. */
export function privateFiles(cli: Cli, { package: folder }: { package?: string }) {
  const written = folder ?? join(cli.serviceDir ?? process.cwd(), ".serverless");
  return {
    "before:package:cleanup": () => {
      makeFilesPrivate();
      makePrivate(written);
      // For `package` alone the files are the result, so they stay.
      if (cli.processedInput?.commands[0] === "deploy") removeAtExit(written);
    },
    "before:package:finalize": () => {
      makePrivate(written);
    },
  };
}
