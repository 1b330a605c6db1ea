/** `Cost` of describe, list and notifications. */
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { TIERS } from "./tiers.js";

const COST_TIERS = [...TIERS, "Unknown"] as const;
export type CostTier = (typeof COST_TIERS)[number];

export const COST = Type.Object(
  {
    Usd: Type.Number({
      description: "US dollars so far. 0 before TRTC has accepted the start.",
    }),
    UsdToDeadline: Type.Number({
      description:
        "US dollars from the start to the deadline, those so far among them. Of an ended ingest: what it has cost.",
    }),
    Minutes: Type.Number({
      description: "Minutes in the room so far, paused ones among them, rounded up to a hundredth.",
    }),
    Tier: Type.Unsafe<CostTier>({
      type: "string",
      enum: COST_TIERS,
      description:
        "The row of the price list, by the size in Media: HD to 1280 x 720, FullHD to 1920 x 1080, either way up. Unknown: nothing is known of the source, so it counts as FullHD, the greatest that TRTC documents.",
    }),
    PricesOf: Type.String({
      pattern: "^\\d{4}-\\d{2}-\\d{2}$",
      description: "The date of the price list, which the ingest keeps from its start.",
    }),
  },
  {
    description:
      "An estimate of what TRTC bills for the robot: transcoding, and its stay in the room. Viewers and relays are not in it.",
  },
);

export type Cost = Static<typeof COST>;
