/** Pseudo-random numbers: the same seed gives the same run, to the last event. */
export interface Random {
  /** From 0 to 1, without 1. */
  next: () => number;
  chance: (probability: number) => boolean;
  /** A whole number, both ends included. */
  between: (least: number, most: number) => number;
  pick: <T>(choices: readonly T[]) => T;
  bytes: (size: number) => Uint8Array;
  /** An independent stream: drawing from it does not change this one. */
  fork: () => Random;
}

const UINT32 = 2 ** 32;

/** sfc32: small, fast, and random enough. */
export function makeRandom(seed: number): Random {
  let [a, b, c, d] = [0x9e3779b9, Math.floor(seed / UINT32), seed >>> 0, 1];

  function uint32(): number {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  }
  // The first numbers of neighbouring seeds are similar.
  for (let turn = 0; turn < 12; turn += 1) uint32();

  const next = () => uint32() / UINT32;
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    chance: (probability) => next() < probability,
    between,
    pick: (choices) => choices[between(0, choices.length - 1)] as (typeof choices)[number],
    bytes: (size) => Uint8Array.from({ length: size }, () => uint32() & 0xff),
    fork: () => makeRandom(uint32()),
  };
}
