/**
 * What an update to another StreamUrl does. TRTC documents none of it, so each rule is a switch.
 * README.md explains them.
 */
export interface UpdateRules {
  /** How many rounds the new source plays. */
  updateRounds: "all" | "remaining" | "one";
  /** Where the new source begins. `keep`: where the old one was, if the new one is longer. */
  updatePosition: "restart" | "keep";
  /** What a picture of another size does. */
  updateResolution: "accepted" | "source-fails" | "refused";
  /** Whether 701 with Status 0 comes again, for the new source. */
  updateSends701: boolean;
  /** Whether an update to the StreamUrl that plays already starts it over. */
  sameUrlRestarts: boolean;
  /** How long the old source plays on. */
  updateDelayMs: number;
}

export const DEFAULT_UPDATE_RULES: UpdateRules = {
  updateRounds: "all",
  updatePosition: "restart",
  updateResolution: "accepted",
  updateSends701: false,
  sameUrlRestarts: false,
  updateDelayMs: 0,
};
