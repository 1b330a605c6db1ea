/**
 * Opens each source once for all requests within a minute. So two hundred starts of one URL make
 * one visit to its server.
 */
import { MINUTE_MS, type Clock } from "../../shared/clock.js";
import type { Media, Probe } from "./probe.js";

const KEPT_MS = MINUTE_MS;

interface Visit {
  media: Promise<Media>;
  atMs: number;
}

/** Waiting requests share a failure, but it is not kept: the next request tries again. */
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
