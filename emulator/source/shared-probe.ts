/**
 * Opens each source once for everybody who asks in the same minute: two hundred starts of one URL
 * are one visit to its server.
 */
import { MINUTE_MS, type Clock } from "../../shared/clock.js";
import type { Media, Probe } from "./probe.js";

const KEPT_MS = MINUTE_MS;

interface Visit {
  media: Promise<Media>;
  atMs: number;
}

/** A failure is shared by those who wait for it, and not kept: the next one tries again. */
export function sharedProbe(probe: Probe, clock: Pick<Clock, "elapsedMs">): Probe {
  const visits = new Map<string, Visit>();

  return (streamUrl) => {
    const nowMs = clock.elapsedMs();
    for (const [url, { atMs }] of visits) {
      if (nowMs - atMs >= KEPT_MS) visits.delete(url);
    }
    const known = visits.get(streamUrl);
    if (known) return known.media;
    const visit = { media: probe(streamUrl), atMs: nowMs };
    visits.set(streamUrl, visit);
    visit.media.catch(() => {
      if (visits.get(streamUrl) === visit) visits.delete(streamUrl);
    });
    return visit.media;
  };
}
