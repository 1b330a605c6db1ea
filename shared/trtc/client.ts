/**
 * The only code that calls TRTC. It loads Tencent's SDK at the first call, so a refused request
 * does not pay for it. It never retries: the use case decides whether a call may be repeated.
 */
import type { Agent } from "node:http";
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
import type * as Sdk from "./sdk.js";
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

/** The account that signs the call, and the call's destination. */
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
  /** Called for each request: an execution role's keys change while an instance lives. */
  credentialOf: (account: string) => Credential;
  /** Replaces every host. The emulator's is `http://127.0.0.1:3001`. */
  endpoint: string | undefined;
  /** The time limit of one call. */
  timeoutMs: number;
}

export interface TrtcCall<A extends TrtcAction> {
  target: TrtcTarget;
  request: TrtcCalls[A][0];
  /** A shorter time limit for this call. */
  timeLeftMs: number;
}

export interface Trtc {
  /**
   * Loads the SDK. Call it before taking a slot: otherwise loading delays the call past its slot.
   */
  ready: () => Promise<unknown>;
  /** Throws only TrtcError. */
  call: <A extends TrtcAction>(action: A, call: TrtcCall<A>) => Promise<TrtcCalls[A][1]>;
  close: () => void;
}

let sdk: Promise<typeof Sdk> | undefined;

/** Kept, because even a repeated import costs a look-up. A failed load is tried again. */
const loadSdk = () =>
  (sdk ??= import("./sdk.js").catch((error: unknown) => {
    sdk = undefined;
    throw error;
  }));

export function openTrtc({ credentialOf, endpoint, timeoutMs }: TrtcOptions): Trtc {
  const isPlain = endpoint?.startsWith("http:") === true;
  const clients = new Map<string, Sdk.Client>();
  let agents: Agents | undefined;

  async function clientOf(action: TrtcAction, { account, host, region }: TrtcTarget) {
    // Missing keys throw here, when it is still certain that nothing was sent.
    credentialOf(account);
    const connection = action === "StartStreamIngest" ? "fresh" : "kept";
    const key = [connection, account, host, region].join(" ");
    const known = clients.get(key);
    if (known) return known;
    const loaded = await loadSdk();
    agents ??= makeAgents(loaded, isPlain);
    const client = new loaded.Client({
      credential: { getCredential: () => Promise.resolve(credentialOf(account)) },
      region,
      profile: {
        httpProfile: {
          protocol: isPlain ? "http://" : "https://",
          endpoint: endpoint === undefined ? host : new URL(endpoint).host,
          agent: agents[connection],
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
        // Whole milliseconds: the SDK refuses fractions.
        const limitMs = Math.floor(Math.max(1, Math.min(timeoutMs, timeLeftMs)));
        const signal = AbortSignal.timeout(limitMs);
        return (await client.request(action, request, { signal })) as never;
      } catch (error) {
        throw trtcErrorOf(error);
      }
    },
    close() {
      for (const agent of Object.values(agents ?? {})) agent.destroy();
    },
  };
}

type Agents = Record<"fresh" | "kept", Agent>;

/**
 * A start uses a new connection. A kept connection may have closed while the instance was frozen.
 * Such a failure looks like a lost answer: the start may or may not have happened. All other calls
 * may be repeated, so they keep connections and save the handshake.
 */
function makeAgents({ PlainAgent, TlsAgent }: typeof Sdk, isPlain: boolean): Agents {
  const Agent = isPlain ? PlainAgent : TlsAgent;
  return { fresh: new Agent({ keepAlive: false }), kept: new Agent({ keepAlive: true }) };
}
