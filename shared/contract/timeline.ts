/**
 * The answer of DescribeIngestTimeline: each change of an ingest, oldest first. The request is with
 * the others in schemas.ts, because functions carry no answers.
 */
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { orNull } from "./programme-answers.js";

/** What happened. Where a notification is sent of it too, the name is the same. */
export const EVENT_TYPES = [
  "created",
  "scheduled",
  "started",
  "start-failed",
  "restarting",
  "restarted",
  "updated",
  "deadline-moved",
  "item",
  "source",
  "media",
  "rolled-over",
  "stopping",
  "ended",
] as const;
export type IngestEventType = (typeof EVENT_TYPES)[number];

export const ACTOR_KINDS = ["caller", "timer", "callback", "event", "operator"] as const;

const ACTOR = Type.Object(
  {
    Kind: Type.Unsafe<(typeof ACTOR_KINDS)[number]>({
      type: "string",
      enum: ACTOR_KINDS,
      description: "event: a message of a cloud event. callback: TRTC reported it.",
    }),
    Id: Type.String({
      description:
        "The Id of the caller, the function of a timer or a callback, the source of a message, or the operator's name.",
    }),
    Function: Type.String({ description: "The function or the command that made the change." }),
    From: orNull(
      Type.String({
        description: "The IP address of the request, or the id of the message. null: not known.",
      }),
    ),
    RequestId: orNull(Type.String({ description: "The log has the same one." })),
  },
  { description: "Who made the change. null: an older version of the functions did." },
);

const facts = (description: string) =>
  Type.Unsafe<Record<string, unknown>>({
    type: "object",
    additionalProperties: true,
    description: `${description} The names are those of describe. URLs are without user name, password, query and fragment.`,
  });

export const INGEST_EVENT = Type.Object({
  Sequence: Type.Integer({ description: "1, 2, 3… of its ingest." }),
  Time: Type.String({ format: "date-time", description: "When, by the database's clock." }),
  Type: Type.Unsafe<IngestEventType>({
    type: "string",
    enum: EVENT_TYPES,
    description: "What happened. docs/contract.md has a sentence about each.",
  }),
  Actor: orNull(ACTOR),
  Before: facts("What has changed, as it was before."),
  After: facts("What has changed, as it was then."),
});

export const TIMELINE_ANSWER = Type.Object({
  Events: Type.Array(INGEST_EVENT, { description: "Oldest first." }),
  NextCursor: orNull(
    Type.String({ description: "Send it as Cursor for the next page. null on the last page." }),
  ),
});
export type TimelineAnswer = Static<typeof TIMELINE_ANSWER>;
