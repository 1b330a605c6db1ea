/** The tiers of TRTC's price list. */

/** TRTC bills the transcoding of a source by its size; the least first. */
export const TIERS = ["Audio", "HD", "FullHD", "2K", "4K"] as const;
export type Tier = (typeof TIERS)[number];

/**
 * Whole micro-USD for one minute of an ingest, by tier. The transcoding and the robot's stay in the
 * room are one sum. A row keeps these from its start.
 */
export interface Prices extends Record<Tier, number> {
  /** The date of the price list: YYYY-MM-DD. */
  Of: string;
}
