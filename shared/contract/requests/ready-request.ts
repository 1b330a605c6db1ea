/** A request that is ready to send, whatever tool sends it. */
export interface ReadyRequest {
  /** The action, or the name of the operation. */
  name: string;
  group: string;
  summary: string;
  description: string;
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  /** The variable with the key. Absent: the request needs none. */
  keyVariable?: string | undefined;
  body?: string | undefined;
  /** What later requests take from the answer, by the variable's name. */
  captures: Readonly<Record<string, Capture>>;
}

/** The way to a value in an answer, without the envelope `Response`. */
export type Capture = readonly (string | number)[];

/** `.Occurrences[1].StartTime` */
export const wayText = (way: Capture): string =>
  way.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");

export interface Variable {
  name: string;
  /** That of `npm start`. */
  value?: string;
  /** A secret is in no file: it comes from this variable of the environment. */
  environment?: string;
  hint: string;
}

export const COLLECTION = "trtc-stream-ingest";

export const VARIABLES: readonly Variable[] = [
  { name: "url", value: "http://127.0.0.1:3000", hint: "Where the functions are" },
  { name: "sdkAppId", value: "1400000000", hint: "The application" },
  {
    name: "streamUrl",
    value: "http://127.0.0.1:3001/media/clip.mp4",
    hint: "What the ingests play",
  },
  { name: "key", environment: "TRTC_INGEST_KEY", hint: "A secret key of a caller" },
  {
    name: "operatorKey",
    environment: "TRTC_INGEST_OPERATOR_KEY",
    hint: "A key of OPERATOR_KEYS, for health and metrics",
  },
];
