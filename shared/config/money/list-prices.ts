/**
 * TRTC's list prices for what an ingest needs, in USD for 1,000 minutes, pay as you go. The Chinese
 * site bills in yuan, so an operator there sets PRICES.
 *
 * Source: trtc.io/document/47631 (transcoding, by the size of its H.264 input) and
 * trtc.io/document/42734 (the robot's stay in the room: its audio time), read on 2026-08-21.
 */
import type { Tier } from "../../contract/tiers.js";

export const LIST_DATE = "2026-08-21";

export const LIST_PRICES: Readonly<Record<Tier | "RoomStay", number>> = {
  Audio: 1.99,
  HD: 5.99,
  FullHD: 13.99,
  "2K": 25.99,
  "4K": 69.99,
  RoomStay: 0.99,
};
