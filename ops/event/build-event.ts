/** Builds the providers' envelopes as they arrive, from an object's name or from messages. */
import { createHash } from "node:crypto";
import { withoutMark } from "../../shared/json.js";
import { UsageError } from "../../local/terminal/command.js";
import { LOCAL_SOURCES } from "../../local/environment/local-environment.js";

export const EVENT_KINDS = [
  "cos",
  "s3",
  "ckafka",
  "cmq",
  "sqs",
  "cloudevents",
  "eventbridge",
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

export interface EventSpec {
  kind: EventKind;
  /** Identifies the delivery. The same id means the same messages, delivered again. */
  id: string;
  at: Date;
  /** The topic, the queue's ARN, or the event's source. Absent: the local run's. */
  source: string | undefined;
  /** The texts of the messages. Empty for a stored object. */
  bodies: readonly string[];
  /** For a stored object. */
  bucket: string | undefined;
  key: string | undefined;
  region: string | undefined;
}

/** Throws an Error that says what is missing. */
export function buildEvent(spec: EventSpec): unknown {
  const { kind, bodies, key } = spec;
  const mayBeStored = kind === "eventbridge" || (kind === "sqs" && key !== undefined);
  const isStored = kind === "cos" || kind === "s3" || (mayBeStored && bodies.length === 0);
  if (isStored && key === undefined) throw new UsageError(`${kind} needs --key, the object's`);
  if (!isStored && bodies.length === 0) throw new UsageError(`${kind} needs --file, the message's`);
  return BUILDERS[kind](spec);
}

const BUILDERS: Record<EventKind, (spec: EventSpec) => unknown> = {
  cos: cosCreated,
  s3: s3Created,
  ckafka: ({ source: topic = LOCAL_SOURCES.ckafka, bodies, id }) =>
    recordsOf(bodies, (msgBody, index) => ({
      Ckafka: { topic, partition: 0, offset: offsetOf(id) + index, msgKey: "None", msgBody },
    })),
  cmq: ({ source: topicName = LOCAL_SOURCES.cmq, bodies, id, at }) =>
    recordsOf(bodies, (msgBody, index) => ({
      CMQ: {
        type: "topic",
        topicOwner: 1250000000,
        topicName,
        subscriptionName: "cloud-event",
        publishTime: at.toISOString(),
        msgId: `${id}-${index}`,
        requestId: id,
        msgBody,
        msgTag: "",
      },
    })),
  sqs: (spec) =>
    spec.bodies.length === 0
      ? inQueue({ ...spec, bodies: [JSON.stringify(s3Created(spec))] })
      : inQueue(spec),
  cloudevents: ({ source = LOCAL_SOURCES.cloudevents, bodies, id, at }) => ({
    specversion: "1.0",
    id,
    type: "local:event",
    source,
    subject: source,
    time: String(at.getTime()),
    region: "ap-guangzhou",
    datacontenttype: "application/json;charset=utf-8",
    data: bodies[0],
  }),
  eventbridge: (spec) => (spec.bodies.length === 0 ? s3ByEventBridge(spec) : ownEvent(spec)),
};

const recordsOf = (bodies: readonly string[], record: (body: string, index: number) => object) => ({
  Records: bodies.map(record),
});

const inQueue = ({ source: eventSourceARN = LOCAL_SOURCES.sqs, bodies, id }: EventSpec) =>
  recordsOf(bodies, (body, index) => ({
    messageId: `${id}-${index}`,
    receiptHandle: "local",
    body,
    attributes: {},
    messageAttributes: {},
    eventSource: "aws:sqs",
    eventSourceARN,
    awsRegion: eventSourceARN.split(":")[3],
  }));

/** Offsets count up. A named delivery has its own offset. */
const offsetOf = (id: string): number => createHash("sha256").update(id).digest().readUIntBE(0, 5);

function cosCreated({ bucket = LOCAL_SOURCES.cos, key = "", region, id, at }: EventSpec) {
  const [, name, appid] = /^(.+)-(\d+)$/.exec(bucket) ?? [];
  if (name === undefined)
    throw new UsageError("--bucket of cos has its APPID, as films-1250000000");
  const host = `${bucket}.cos.${region ?? "ap-guangzhou"}.myqcloud.com`;
  return recordsOf([key], () => ({
    cos: {
      cosSchemaVersion: "1.0",
      cosObject: {
        url: `http://${host}/${encodeURI(key)}`,
        vid: "",
        size: 1,
        meta: { "x-cos-request-id": id, "Content-Type": "" },
        key: `/${appid}/${name}/${key}`,
      },
      cosBucket: { region: "gz", name, appid },
      cosNotificationId: "unkown",
    },
    event: {
      eventName: "cos:ObjectCreated:Put",
      eventVersion: "1.0",
      eventSource: "qcs::cos",
      eventTime: Math.floor(at.getTime() / 1000),
      requestParameters: {},
    },
  }));
}

const sequencerOf = (id: string): string =>
  createHash("sha256").update(id).digest("hex").slice(0, 18).toUpperCase();

function s3Created({ bucket = LOCAL_SOURCES.s3, key = "", region, id, at }: EventSpec) {
  return recordsOf([key], () => ({
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: region ?? "ap-southeast-1",
    eventTime: at.toISOString(),
    eventName: "ObjectCreated:Put",
    s3: {
      s3SchemaVersion: "1.0",
      configurationId: "local",
      bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
      object: {
        key: encodeURIComponent(key).replace(/%20/g, "+").replace(/%2F/g, "/"),
        size: 1,
        sequencer: sequencerOf(id),
      },
    },
  }));
}

const awsEvent = ({ id, at, region }: EventSpec, more: object) => ({
  version: "0",
  id,
  account: "123456789012",
  time: at.toISOString(),
  region: region ?? "ap-southeast-1",
  resources: [],
  ...more,
});

function s3ByEventBridge(spec: EventSpec) {
  const { bucket = LOCAL_SOURCES.s3, key, id } = spec;
  const object = { key, size: 1, sequencer: sequencerOf(id) };
  const detail = { version: "0", bucket: { name: bucket }, object, reason: "PutObject" };
  return awsEvent(spec, { "detail-type": "Object Created", source: "aws.s3", detail });
}

function ownEvent(spec: EventSpec) {
  const { source = LOCAL_SOURCES.eventbridge, bodies } = spec;
  const detail = parseDetail(bodies[0] ?? "");
  return awsEvent(spec, { "detail-type": "local event", source, detail });
}

function parseDetail(text: string): unknown {
  try {
    return JSON.parse(withoutMark(text));
  } catch {
    throw new UsageError("--file is not JSON, and an EventBridge event carries JSON only");
  }
}
