/**
 * Our TaskId: `ing-`, then a ULID in lower case. It has 48 bits of time, so a list sorts by id. It
 * has 80 random bits, so an id cannot be guessed.
 */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_LETTERS = 10;
const RANDOM_BYTES = 10;

export interface IngestIds {
  taskId: string;
  /** Each ingest has its own robot. 32 characters are the limit of a UserId. */
  robotUserId: string;
}

type RandomBytes = (size: number) => Uint8Array;

export function newIngestIds(at: Date, randomBytes: RandomBytes): IngestIds {
  const ulid = newUlid(at, randomBytes);
  return { taskId: `ing-${ulid}`, robotUserId: `robot_${ulid}` };
}

/** A list of schedules sorts by id, too. */
export const newScheduleId = (at: Date, randomBytes: RandomBytes): string =>
  `schedule-${newUlid(at, randomBytes)}`;

const newUlid = (at: Date, randomBytes: RandomBytes): string =>
  encode(BigInt(at.getTime()), TIME_LETTERS) + encodeBytes(randomBytes(RANDOM_BYTES));

function encodeBytes(bytes: Uint8Array): string {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return encode(value, (bytes.length * 8) / 5);
}

function encode(value: bigint, letters: number): string {
  let text = "";
  for (let rest = value; text.length < letters; rest >>= 5n) {
    text = (ALPHABET[Number(rest & 31n)] ?? "") + text;
  }
  return text;
}
