/** What the use cases may touch: one plain object, made in one place and handed down. */
import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import type { StorageCredential } from "../signing/storage/presigned.js";
import type { StoredSource } from "../store/ingests/ingest-row.js";
import type { Store } from "../store/store.js";
import type { Trtc } from "../trtc/client.js";
import type { ApplicationFor } from "../config/application-of.js";
import type { Caller, Config } from "../config/configuration.js";
import type { Action, Requests } from "../contract/schemas.js";

export interface Services {
  config: Config;
  clock: Clock;
  /** The machine's time, which signatures of other parties go by. Only a local run moves `clock`. */
  machineClock: Pick<Clock, "now">;
  log: Log;
  store: Store;
  trtc: Trtc;
  notifier: Notifier;
  randomBytes: (size: number) => Uint8Array;
  /** Whose right to read a bucket is lent: an account's fixed keys, or the execution role's. */
  storageCredential: (storage: "cos" | "s3", account: string | undefined) => StorageCredential;
}

/** One request to a receiver of notifications. */
export interface Message {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface Notifier {
  /** The answer's status. Throws NotifyError when there is none. */
  send: (message: Message) => Promise<number>;
}

/** A checked request, and who sent it. */
export interface Call<A extends Action> {
  caller: Caller;
  request: Requests[A];
  /** `undefined`: any of the caller's applications. */
  application: ApplicationFor<A>;
  /** `X-TC-Region`, if it was sent and is one of the site's. */
  region?: string | undefined;
  /** It came as a message of an event, which is delivered again by itself. */
  isMessage?: boolean | undefined;
  /** Of a signed request: the same signature means the same request, sent again. */
  signature?: string | undefined;
  /** Of a TC3 signature over the body: its second; and the X-TC-TraceId, which no SDK signs. */
  signing?: { second?: number | undefined; traceId?: string | undefined } | undefined;
  /** What the StreamUrl stands for, whatever its rule makes of it. */
  streamName?: string | undefined;
  /** The stored object that the StreamUrl is the address of, which has to be signed to be read. */
  source?: StoredSource | undefined;
  /** Until the platform ends the function. */
  timeLeftMs: () => number;
}

export type UseCase<A extends Action, Answer extends object = object> = (
  services: Services,
  call: Call<A>,
) => Promise<Answer>;
