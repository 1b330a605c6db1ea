/** The dependencies of the use cases: one plain object, made in one place and passed down. */
import type { Zones } from "../calendar/zones.js";
import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import type { StorageCredential } from "../signing/storage/presigned.js";
import type { StoredSource } from "../store/ingests/ingest-row.js";
import type { OccurrenceOf } from "../store/schedules/schedule-row.js";
import type { SourceVerdict, SourceWords } from "../media/reader.js";
import type { Actor } from "../store/history/actor.js";
import type { Places } from "../store/places.js";
import type { Store } from "../store/store.js";
import type { Trtc } from "../trtc/client.js";
import type { ApplicationFor } from "../config/application-of.js";
import type { Caller, Config } from "../config/configuration.js";
import type { Action, Requests } from "../contract/schemas.js";

export interface Services {
  config: Config;
  clock: Clock;
  /** The machine's time, for signatures of other systems. Only a local run moves `clock`. */
  machineClock: Pick<Clock, "now">;
  log: Log;
  store: Store;
  /** Absent: one database has every account. */
  places?: Places | undefined;
  trtc: Trtc;
  notifier: Notifier;
  /** Reads the headers of a source, within limits. It loads its reader at the first call. */
  readSource: (
    streamUrl: string,
    timeLeftMs: number,
    words?: SourceWords,
  ) => Promise<SourceVerdict>;
  randomBytes: (size: number) => Uint8Array;
  /** The time zone data of schedules; absent: the runtime's. */
  zones?: Zones;
  /**
   * Returns the key that signs reads of a bucket: an account's fixed key or the execution role's.
   */
  storageCredential: (storage: "cos" | "s3", account: string | undefined) => StorageCredential;
}

/** The same services. History names the actor of each change. */
export const actingAs = (services: Services, actor: Partial<Actor>): Services => ({
  ...services,
  store: services.store.by(actor),
  places: services.places?.by(actor),
});

/** One request to a receiver of notifications. */
export interface Message {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface Notifier {
  /** Returns the status of the answer. Throws NotifyError when there is no answer. */
  send: (message: Message) => Promise<number>;
}

/** A checked request and its caller. */
export interface Call<A extends Action> {
  caller: Caller;
  request: Requests[A];
  /** `undefined` means any application of the caller. */
  application: ApplicationFor<A>;
  /** `X-TC-Region`, if the request has one and the site knows it. */
  region?: string | undefined;
  /** True for a message of an event. The platform delivers such a message again by itself. */
  isMessage?: boolean | undefined;
  /** An operator acts for the caller, and no budget binds an operator. */
  isOperator?: boolean | undefined;
  /** Names a signed request. The same signature means the same request, sent again. */
  signature?: string | undefined;
  /**
   * `second`: Unix seconds of a TC3 signature over the body. `traceId`: X-TC-TraceId, which SDKs do
   * not sign.
   */
  signing?: { second?: number | undefined; traceId?: string | undefined } | undefined;
  /** The stable name of the source. Event rules may map it to different StreamUrls. */
  streamName?: string | undefined;
  /** The stored object behind the StreamUrl. Its URL must be signed before it can be read. */
  source?: StoredSource | undefined;
  /** A schedule makes the start. */
  occurrence?: StartedOccurrence | undefined;
  /** Milliseconds until the platform ends the function. */
  timeLeftMs: () => number;
}

export interface StartedOccurrence {
  of: OccurrenceOf;
  /** As the row stores it. No caller can send such a token. */
  clientToken: string;
  /** A late start is at the place that the clock says since then; absent: at the beginning. */
  clockFrom?: Date | undefined;
}

export type UseCase<A extends Action, Answer extends object = object> = (
  services: Services,
  call: Call<A>,
) => Promise<Answer>;

export interface CheckedCall<A extends Action = Action> {
  action: A;
  call: Call<A>;
}
