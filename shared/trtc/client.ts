/**
 * The only code that calls TRTC. It loads Tencent's SDK at the first call, so a refused request
 * does not pay for it. It never retries: the use case decides whether a call may be repeated.
 */
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
import { timeLimit } from "../clock.js";
import type { Connections, OpenedAhead } from "./connections.js";
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
  /**
   * Opens the connection of a start that is about to leave. Close it when the start does not leave.
   * Call it when `ready` has resolved: before, it does nothing.
   */
  openAhead: (target: TrtcTarget) => OpenedAhead;
  /** Throws only TrtcError. */
  call: <A extends TrtcAction>(action: A, call: TrtcCall<A>) => Promise<TrtcCalls[A][1]>;
  close: () => void;
}

let loading: Promise<typeof Sdk> | undefined;

/**
 * Kept, because even a repeated import costs a look-up. A failed load is tried again. A load blocks
 * the process for milliseconds. So connections that have just been asked for begin before it.
 */
const loadSdk = () =>
  (loading ??= new Promise(setImmediate)
    .then(() => import("./sdk.js"))
    .catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));

const NONE: OpenedAhead = { close: () => undefined };

export function openTrtc({ credentialOf, endpoint, timeoutMs }: TrtcOptions): Trtc {
  const isPlain = endpoint?.startsWith("http:") === true;
  const clients = new Map<string, Sdk.Client>();
  let sdk: typeof Sdk | undefined;
  let connections: Connections | undefined;

  const hostOf = ({ host }: TrtcTarget) => (endpoint === undefined ? host : new URL(endpoint).host);

  async function load() {
    sdk ??= await loadSdk();
    connections ??= sdk.makeConnections(isPlain);
    return { Client: sdk.Client, connections };
  }

  async function clientOf(action: TrtcAction, target: TrtcTarget) {
    const { account, region } = target;
    // Missing keys throw here, when it is still certain that nothing was sent.
    credentialOf(account);
    const connection = action === "StartStreamIngest" ? "fresh" : "kept";
    const host = hostOf(target);
    const key = [connection, account, host, region].join(" ");
    const known = clients.get(key);
    if (known) return known;
    const { Client, connections } = await load();
    const client = new Client({
      credential: { getCredential: () => Promise.resolve(credentialOf(account)) },
      region,
      profile: {
        httpProfile: {
          protocol: isPlain ? "http://" : "https://",
          endpoint: host,
          agent: connections[connection],
        },
      },
    });
    clients.set(key, client);
    return client;
  }

  return {
    ready: load,
    openAhead: (target) => connections?.openAhead(hostOf(target)) ?? NONE,
    async call(action, { target, request, timeLeftMs }) {
      const client = await clientOf(action, target).catch((error: unknown) => {
        throw notCalled(`TRTC was not called: ${String(error)}`, error);
      });
      const limit = timeLimit(Math.max(1, Math.min(timeoutMs, timeLeftMs)));
      try {
        return (await client.request(action, request, { signal: limit.signal })) as never;
      } catch (error) {
        throw trtcErrorOf(error);
      } finally {
        limit.end();
      }
    },
    close() {
      connections?.close();
    },
  };
}
