/** What describe and list say about an ingest that plays more than one source. */
import type { Static, TObject, TSchema } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";

export const orNull = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [schema["type"], "null"] });

export const SOURCES = ["primary", "backup", "filler"] as const;

const instant = (description: string) => Type.String({ format: "date-time", description });

const itemParts = {
  Index: Type.Integer({
    description:
      "Its place in Playlist, counted from 0. -1: it is left of a list that was replaced.",
  }),
  Title: orNull(Type.String({ description: "null: it was sent without one." })),
  StreamUrl: Type.String({ description: "Its own source, also while another one stands in." }),
};

const ITEM = Type.Object(
  {
    ...itemParts,
    StartedAt: instant("When it came on air, by the clock of the list."),
    EndsAt: orNull(instant("When it ends. null: not known yet, or the ingest is paused.")),
    PositionSeconds: Type.Number({
      description: "The second of its media that the clock of the list says.",
    }),
  },
  { description: "The item on air. null: no item is on air, or the ingest has one source." },
);

const NEXT_ITEM = Type.Object(
  {
    ...itemParts,
    StartsAt: orNull(instant("null: not known yet, or the ingest is paused.")),
  },
  {
    description:
      "The item that follows before the deadline. Before the start: the first one. null: none follows.",
  },
);

export const PROGRAMME_ANSWERS = {
  Item: orNull(ITEM),
  NextItem: orNull(NEXT_ITEM),
  Round: orNull(Type.Integer({ description: "The round of the list, counted from 0." })),
  Source: orNull(
    Type.Unsafe<(typeof SOURCES)[number]>({
      type: "string",
      enum: [...SOURCES, null],
      description:
        "What is on air: the source itself, BackupStreamUrl or FillerStreamUrl. null: nothing is, or the ingest has neither a list nor a stand-in.",
    }),
  ),
  Restarts: Type.Integer({ description: "How often KeepAlive has started it again." }),
  RolledOver: Type.Integer({
    description: "How often a fresh task of TRTC took over before seven days were over.",
  }),
};

export type ProgrammeAnswer = Static<TObject<typeof PROGRAMME_ANSWERS>>;
