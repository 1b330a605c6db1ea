/**
 * Bounds how many sources are opened at once: each may take some megabytes and ten seconds. Those
 * that wait take turns by host, so that the many sources of one server do not keep the others out.
 */
import type { Probe } from "./probe.js";

/** Together they hold no more memory than a small machine has to spare. */
const AT_ONCE_MAX = 16;

/** A server that never answers has its places for the whole time limit of each. */
const OF_ONE_HOST_MAX = 6;

export function boundedProbe(probe: Probe): Probe {
  const opening = new Map<string, number>();
  /** In the order of their turns. */
  const waiting = new Map<string, (() => void)[]>();
  let atOnce = 0;

  const count = (host: string, change: 1 | -1): void => {
    const now = (opening.get(host) ?? 0) + change;
    if (now === 0) opening.delete(host);
    else opening.set(host, now);
    atOnce += change;
  };

  const admit = (): void => {
    while (atOnce < AT_ONCE_MAX) {
      const host = [...waiting.keys()].find((each) => (opening.get(each) ?? 0) < OF_ONE_HOST_MAX);
      if (host === undefined) return;
      const queue = waiting.get(host) ?? [];
      const begin = queue.shift();
      waiting.delete(host);
      // Its next one waits behind the other hosts.
      if (queue.length > 0) waiting.set(host, queue);
      count(host, 1);
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
      count(host, -1);
      admit();
    }
  };
}

/** Of rtmp as of http, and without its port: a machine is one, whatever it speaks. */
function hostOf(streamUrl: string): string {
  const asHttp = streamUrl.replace(/^\w+:/, "http:");
  return URL.canParse(asHttp) ? new URL(asHttp).hostname : "";
}
