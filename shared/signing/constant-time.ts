import { timingSafeEqual } from "node:crypto";

/**
 * Compares two texts in a time that does not reveal where they differ. Otherwise an attacker could
 * measure how many first bytes of a guessed signature are right. The length is not secret: all
 * signatures of one kind have the same length.
 */
export function equalInConstantTime(a: string | Buffer, b: string | Buffer): boolean {
  const left = asBytes(a);
  const right = asBytes(b);
  const sameLength = left.length === right.length;
  return timingSafeEqual(left, sameLength ? right : left) && sameLength;
}

const asBytes = (text: string | Buffer): Buffer =>
  typeof text === "string" ? Buffer.from(text) : text;
