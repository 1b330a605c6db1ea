/** The URL that TRTC calls back, and the keys that sign for it. */
import { readApplications } from "../../shared/config/applications.js";
import type { Environment } from "../../shared/config/environment.js";
import { withEnvFile } from "../../local/environment/env-file.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { askDesk, findRun, gatewayOf } from "../../local/environment/run-file.js";
import { UsageError } from "../../local/terminal/command.js";
import { chooseDeployment, readUrl, type TargetFlags } from "../api/deployment.js";

export interface CallbackFlags extends TargetFlags {
  url?: string;
  sdkAppId?: string;
  envFile?: string;
}

export interface CallbackKey {
  sdkAppId: number;
  /** Where it stands, for messages. */
  place: string;
  key: string;
}

export interface CallbackAddress {
  url: URL;
  keys: CallbackKey[];
  /** How far the clock of a run on this machine is ahead. Events carry their time. */
  aheadMs: number;
  /** Whether it is the run on this machine. */
  isLocal: boolean;
}

const WHOSE = "the function room-callback";

/** Throws UsageError that says what to set. The keys come from TRTC_APPS, as those of the functions. */
export async function readCallbackAddress(
  env: Environment,
  flags: CallbackFlags,
): Promise<CallbackAddress> {
  const set = withEnvFile(env, flags.envFile);
  if (flags.url !== undefined && flags.local === true) {
    throw new UsageError("--local and --url name two URLs: keep one of them");
  }
  const away = { aheadMs: 0, isLocal: false };
  if (flags.url !== undefined) {
    const url = readUrl(flags.url, { name: "--url", whose: WHOSE });
    return { ...away, url, keys: keysOf(set, flags) };
  }
  const deployment = await chooseDeployment(env, flags);
  if (deployment.kind === "named") {
    const { profile, names } = deployment;
    if (profile.CallbackUrl === "") {
      throw new UsageError(`the URL of ${WHOSE} is missing: set ${names.CallbackUrl}, or --url`);
    }
    const url = readUrl(profile.CallbackUrl, { name: names.CallbackUrl, whose: WHOSE });
    return { ...away, url, keys: keysOf(set, flags) };
  }
  const gateway = await gatewayOf(set);
  const run = await findRun(set);
  const about = run && ((await askDesk(run, "about")) as { aheadMs: number });
  return {
    url: new URL("/room-callback", gateway),
    keys: keysOf(localEnvironment(set, gateway), flags),
    aheadMs: about?.aheadMs ?? 0,
    isLocal: true,
  };
}

function keysOf(env: Environment, { sdkAppId }: CallbackFlags): CallbackKey[] {
  if ((env["TRTC_APPS"] ?? "") === "") {
    throw new UsageError(
      "TRTC_APPS is not set: the callbacks are signed with its CallbackKeys (--env-file names a file)",
    );
  }
  const applications = [...readApplications(env).values()].filter(
    ({ SdkAppId }) => sdkAppId === undefined || String(SdkAppId) === sdkAppId,
  );
  const keys = applications.flatMap(({ SdkAppId, CallbackKeys = [] }) =>
    CallbackKeys.map((key, at) => ({
      sdkAppId: SdkAppId,
      place: `CallbackKeys[${at}] of ${SdkAppId}`,
      key,
    })),
  );
  if (keys.length > 0) return keys;
  throw new UsageError(
    sdkAppId === undefined
      ? "no application of TRTC_APPS has CallbackKeys: set those of TRTC's console"
      : `TRTC_APPS has no CallbackKeys for the application ${sdkAppId}: set those of TRTC's console`,
  );
}
