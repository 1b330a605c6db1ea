/**
 * Limits how many sources are opened at once: each may take several megabytes and ten seconds.
 * Waiting sources take turns by host, so one server with many sources does not block the others.
 */
import type { Probe } from "./probe.js";

/** Together they stay within the memory of a small machine. */
const AT_ONCE_MAX = 16;

/** A server that never answers holds its places for the whole time limit. */
const OF_ONE_HOST_MAX = 6;

export function boundedProbe(probe: Probe): Probe {
  const opening = new Map<string, number>();
  /** Hosts in the order of their turns. */
  const waiting = new Map<string, (() => void)[]>();
  let atOnce = 0;

  const changeCount = (host: string, change: 1 | -1): void => {
    const now = (opening.get(host) ?? 0) + change;
    if (now === 0) opening.delete(host);
    else opening.set(host, now);
    atOnce += change;
  };

  const admit = (): void => {
    while (atOnce < AT_ONCE_MAX) {
      const host = [...waiting.keys()].find((name) => (opening.get(name) ?? 0) < OF_ONE_HOST_MAX);
      if (host === undefined) return;
      const queue = waiting.get(host) ?? [];
      const begin = queue.shift();
      waiting.delete(host);
      // The host's next source waits behind the other hosts.
      if (queue.length > 0) waiting.set(host, queue);
      changeCount(host, 1);
      begin?.();
    }
  };

  return async (streamUrl) => {
    const host = hostOf(streamUrl);
    const admitted = new Promise<void>((resolve) => {
      const queue = waiting.get(host);
      if (queue) queue.push(resolve);
      else waiting.set(host, [resolve]);
    });
    admit();
    await admitted;
    try {
      return await probe(streamUrl);
    } finally {
      changeCount(host, -1);
      admit();
    }
  };
}

/** The same for rtmp and http, and without the port: all ports belong to one machine. */
function hostOf(streamUrl: string): string {
  const asHttp = streamUrl.replace(/^\w+:/, "http:");
  return URL.canParse(asHttp) ? new URL(asHttp).hostname : "";
}
