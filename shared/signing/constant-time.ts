import { timingSafeEqual } from "node:crypto";

/**
 * Whether two texts are equal. The time does not tell how much of them is equal: a person who
 * guesses a signature must not learn that its first bytes were right. Only the length can be
 * learnt, which is no secret, since every signature of a kind has the same.
 */
export function equalInConstantTime(a: string | Buffer, b: string | Buffer): boolean {
  const left = asBytes(a);
  const right = asBytes(b);
  const sameLength = left.length === right.length;
  return timingSafeEqual(left, sameLength ? right : left) && sameLength;
}

const asBytes = (text: string | Buffer): Buffer =>
  typeof text === "string" ? Buffer.from(text) : text;
