/**
 * The only way to TRTC: Tencent's SDK, loaded at the first call that needs it, so that a refused
 * request never pays for it. Never retries: whether a call may be repeated is for the use case.
 */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Client as SdkClient } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import type {
  DescribeStreamIngestRequest,
  DescribeStreamIngestResponse,
  RemoveUserByStrRoomIdRequest,
  RemoveUserByStrRoomIdResponse,
  RemoveUserRequest,
  RemoveUserResponse,
  StartStreamIngestRequest,
  StartStreamIngestResponse,
  StopStreamIngestRequest,
  StopStreamIngestResponse,
  UpdateStreamIngestRequest,
  UpdateStreamIngestResponse,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_models.js";
import { notCalled, trtcErrorOf } from "./trtc-error.js";

export interface TrtcCalls {
  StartStreamIngest: [StartStreamIngestRequest, StartStreamIngestResponse];
  StopStreamIngest: [StopStreamIngestRequest, StopStreamIngestResponse];
  UpdateStreamIngest: [UpdateStreamIngestRequest, UpdateStreamIngestResponse];
  DescribeStreamIngest: [DescribeStreamIngestRequest, DescribeStreamIngestResponse];
  RemoveUser: [RemoveUserRequest, RemoveUserResponse];
  RemoveUserByStrRoomId: [RemoveUserByStrRoomIdRequest, RemoveUserByStrRoomIdResponse];
}

export type TrtcAction = keyof TrtcCalls;

/** Whose keys sign the call, and where it goes. */
export interface TrtcTarget {
  account: string;
  /** The site's host, for example `trtc.intl.tencentcloudapi.com`. */
  host: string;
  region: string;
}

export interface Credential {
  secretId: string;
  secretKey: string;
  token?: string;
}

export interface TrtcOptions {
  /** Asked at each call: an execution role's keys change while an instance lives. */
  credentialOf: (account: string) => Credential;
  /** Replaces every host: `http://127.0.0.1:3001` is the emulator. */
  endpoint: string | undefined;
  /** The longest that one call may take. */
  timeoutMs: number;
}

export interface TrtcCall<A extends TrtcAction> {
  target: TrtcTarget;
  request: TrtcCalls[A][0];
  /** Cuts the call shorter than the usual limit. */
  timeLeftMs: number;
}

export interface Trtc {
  /** Loads the SDK: before a slot is taken, since a call that loads it leaves long after its slot. */
  ready: () => Promise<unknown>;
  /** Throws TrtcError, and nothing else. */
  call: <A extends TrtcAction>(action: A, call: TrtcCall<A>) => Promise<TrtcCalls[A][1]>;
  close: () => void;
}

const importSdk = () =>
  import("tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js");

let sdk: ReturnType<typeof importSdk> | undefined;

/** Kept, since an import that is there already takes a look-up each time; tried again if it failed. */
const loadSdk = () =>
  (sdk ??= importSdk().catch((error: unknown) => {
    sdk = undefined;
    throw error;
  }));

export function openTrtc({ credentialOf, endpoint, timeoutMs }: TrtcOptions): Trtc {
  const isPlain = endpoint?.startsWith("http:") === true;
  const agents = makeAgents(isPlain);
  const clients = new Map<string, SdkClient>();

  async function clientOf(action: TrtcAction, { account, host, region }: TrtcTarget) {
    // Asked for here as well: keys that are not there mean that nothing was sent.
    credentialOf(account);
    const agent = action === "StartStreamIngest" ? agents.fresh : agents.kept;
    const key = [agent === agents.fresh, account, host, region].join(" ");
    const known = clients.get(key);
    if (known) return known;
    const { Client } = await loadSdk();
    const client = new Client({
      credential: { getCredential: () => Promise.resolve(credentialOf(account)) },
      region,
      profile: {
        httpProfile: {
          protocol: isPlain ? "http://" : "https://",
          endpoint: endpoint === undefined ? host : new URL(endpoint).host,
          agent,
        },
      },
    });
    clients.set(key, client);
    return client;
  }

  return {
    ready: () => loadSdk(),
    async call(action, { target, request, timeLeftMs }) {
      const client = await clientOf(action, target).catch((error: unknown) => {
        throw notCalled(`TRTC was not called: ${String(error)}`, error);
      });
      try {
        // Whole milliseconds: a fraction of one is refused as no time at all.
        const limitMs = Math.floor(Math.max(1, Math.min(timeoutMs, timeLeftMs)));
        const signal = AbortSignal.timeout(limitMs);
        return (await client.request(action, request, { signal })) as never;
      } catch (error) {
        throw trtcErrorOf(error);
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/**
 * A start travels on a connection of its own: a kept one may have been closed while the instance
 * was frozen, which looks like a lost answer, and of a start nobody can then say whether it
 * happened. Everything else may be repeated, and saves the handshake.
 */
function makeAgents(isPlain: boolean): Record<"fresh" | "kept", HttpAgent> {
  const Agent = isPlain ? HttpAgent : HttpsAgent;
  return { fresh: new Agent({ keepAlive: false }), kept: new Agent({ keepAlive: true }) };
}
