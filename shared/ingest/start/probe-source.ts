/**
 * Reads the headers of the one source of a start. With ProbeSource, a source that TRTC would not play
 * is refused then, so nothing is written or billed.
 */
import type { SourceMedia } from "../../contract/answers.js";
import { ApiError } from "../../contract/errors.js";
import type { NewIngest } from "../../store/ingests/new-row.js";
import type { Call, Services } from "../services.js";
import { PROBE_RESERVE_MS } from "../timing.js";
import { presign } from "./presign.js";

export interface Probed {
  /** null: the source could not be checked. */
  media: SourceMedia | null;
  /** Set when TRTC would not play the source. */
  refusal?: ApiError;
}

interface Probe {
  call: Call<"StartStreamIngest">;
  row: NewIngest;
  timeLeftMs: () => number;
}

export async function probeSource(
  services: Services,
  { call: { caller, request }, row, timeLeftMs }: Probe,
): Promise<Probed> {
  const { clock, log } = services;
  const beganMs = clock.elapsedMs();
  const url = urlOf(services, row);
  const { outcome, media, message } = await services.readSource(url, timeLeftMs());
  log({
    level: "info",
    action: "StartStreamIngest",
    caller: caller.Id,
    room: request.RoomId,
    outcome: "probed",
    probe: outcome,
    probeMs: Math.round(clock.elapsedMs() - beganMs),
    detail: message,
  });
  if (outcome === "ok" || outcome === "not-checked") return { media };
  return { media, refusal: new ApiError("InvalidParameter.StreamUrl", message) };
}

/** Signs the URL of a stored object. Throws ApiError. */
const urlOf = (services: Services, { play: { Stored, StreamUrl } }: NewIngest): string =>
  Stored ? presign(services, Stored, PROBE_RESERVE_MS) : StreamUrl;
