/** Many sources at once: how many are opened, in which order, and how much one read takes. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { boundedProbe } from "../../../emulator/source/bounded-probe.js";
import type { Media } from "../../../shared/media/media.js";
import { probe } from "../../../emulator/source/probe.js";
import { get } from "../../../emulator/source/http-request.js";
import { boundedFetch } from "../../../shared/media/http/bounded-fetch.js";
import { openBudget } from "../../../shared/media/budget.js";
import { inTurns } from "../../../shared/media/turns.js";
import { flood, type MediaServer, startMediaServer } from "../../support/media/media-server.js";

const MEDIA: Media = { container: "mp4", durationSeconds: 1, tracks: [] };

/** A probe whose visits last until the test ends them, one by one. */
function slowProbe() {
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const bounded = boundedProbe((url) => {
    begun.push(url);
    return new Promise((resolve, reject) => {
      ends.set(url, (error) => (error ? reject(error) : resolve(MEDIA)));
    });
  });
  const end = async (url: string, error?: Error) => {
    ends.get(url)?.(error);
    ends.delete(url);
    await new Promise(setImmediate);
  };
  return { begun, bounded, end, isUnderWay: () => ends.size };
}

const addresses = (host: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `http://${host}/${n}.mp4`);

const ask = async (bounded: (url: string) => Promise<Media>, urls: string[]) => {
  for (const url of urls) bounded(url).catch(() => undefined);
  await new Promise(setImmediate);
};

describe("sources are opened", () => {
  test("six of one host at once, and the next when one is finished", async () => {
    const { begun, bounded, end } = slowProbe();
    const urls = addresses("a.example", 9);
    await ask(bounded, urls);
    expect(begun).toEqual(urls.slice(0, 6));
    await end(urls[3] ?? "");
    expect(begun).toEqual(urls.slice(0, 7));
  });

  test("sixteen at once, over any number of hosts", async () => {
    const { begun, bounded, end, isUnderWay } = slowProbe();
    const urls = Array.from({ length: 50 }, (_, n) => `rtmp://host-${n}.example/live/a`);
    await ask(bounded, urls);
    expect(begun).toHaveLength(16);
    for (const url of urls) {
      await end(url);
      expect(isUnderWay()).toBeLessThanOrEqual(16);
    }
    expect(begun).toEqual(urls);
  });

  test("from hosts in turn, so that one host's queue does not delay another's", async () => {
    const { begun, bounded, end } = slowProbe();
    const many = ["a", "b", "c"].flatMap((name) => addresses(`${name}.example`, 100));
    await ask(bounded, many);
    expect(begun).toHaveLength(16);
    const late = addresses("late.example", 2);
    await ask(bounded, late);
    for (const url of begun.slice(0, 3)) await end(url);
    expect(begun.slice(16)).toContain(late[0]);
  });

  test("from one machine as one host, over all its ports and protocols", async () => {
    const { begun, bounded } = slowProbe();
    const urls = Array.from({ length: 8 }, (_, n) =>
      n % 2 === 0 ? `http://a.example:${8000 + n}/a` : `rtmps://a.example:${8000 + n}/a/b`,
    );
    await ask(bounded, urls);
    expect(begun).toHaveLength(6);
  });

  test("after earlier ones failed, and the failure keeps its reason", async () => {
    const { begun, bounded, end } = slowProbe();
    const urls = addresses("a.example", 7);
    const first = bounded(urls[0] ?? "");
    await ask(bounded, urls.slice(1));
    const rejected = expect(first).rejects.toThrow("gone");
    await end(urls[0] ?? "", new Error("gone"));
    await rejected;
    expect(begun).toEqual(urls);
  });
});

describe("of bytes that arrive at once,", () => {
  let server: MediaServer;
  beforeAll(async () => {
    server = await startMediaServer();
  });
  afterAll(() => server.close());

  /** The largest sum for `spend` between two turns of the event loop. */
  function countTurns() {
    let inTurn = 0;
    let most = 0;
    let next = setImmediate(function count() {
      most = Math.max(most, inTurn);
      inTurn = 0;
      next = setImmediate(count);
    });
    return {
      spent: (bytes: number) => (inTurn += bytes),
      stop: () => {
        clearImmediate(next);
        return Math.max(most, inTurn);
      },
    };
  }

  test("at most 32 kB from twenty endless servers are read in one turn", async () => {
    server.put("/endless", (_request, response) => flood(response, Buffer.alloc(65_536)));
    const turns = countTurns();
    const read = async () => {
      const budget = openBudget({ bytesMax: 400_000, timeLimitMs: 60_000 });
      const counted = {
        ...budget,
        spend: (bytes: number) => {
          turns.spent(bytes);
          return budget.spend(bytes);
        },
      };
      const { body } = await boundedFetch(counted, { get, redirectsMax: 0 })(
        server.urlOf("/endless"),
      );
      await body?.pipeTo(new WritableStream()).catch(() => undefined);
      budget.close();
    };
    await Promise.all(Array.from({ length: 20 }, read));
    const most = turns.stop();
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(32 * 1024);
  });

  test("a large chunk is read in pieces of 16 kB", async () => {
    const sizes = [];
    for await (const { length } of inTurns(oneOf(Buffer.alloc(40_000)))) sizes.push(length);
    expect(sizes).toEqual([16_384, 16_384, 7232]);
  });

  test("those of twenty FLV streams with tiny messages are abandoned, by bytes or by time", async () => {
    const message = Buffer.concat([Buffer.of(8), Buffer.alloc(10), Buffer.of(0, 0, 0, 11)]);
    const head = Buffer.from("FLV\x01\x05\0\0\0\x09\0\0\0\0", "latin1");
    server.put("/endless.flv", (_request, response) => {
      response.write(head);
      flood(response, Buffer.concat(Array<Buffer>(4000).fill(message)));
    });
    const limits = { bytesMax: 200_000, timeLimitMs: 2000 };
    const url = server.urlOf("/endless.flv");
    const visits = Array.from({ length: 20 }, () => probe(url, limits));
    for (const result of await Promise.allSettled(visits)) {
      const { reason } = (result as PromiseRejectedResult).reason as { reason: string };
      expect(["unsupported", "unreachable"]).toContain(reason);
    }
  });
});

// oxlint-disable-next-line typescript/require-await
async function* oneOf(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}
