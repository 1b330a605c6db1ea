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

/** 40 random bits at a time: a number holds 53 bits. */
function newUlid(at: Date, randomBytes: RandomBytes): string {
  const bytes = randomBytes(RANDOM_BYTES);
  const halves = [bytes.subarray(0, 5), bytes.subarray(5)];
  return (
    encode(at.getTime(), TIME_LETTERS) + halves.map((half) => encode(toNumber(half), 8)).join("")
  );
}

const toNumber = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);

function encode(value: number, letters: number): string {
  let text = "";
  for (let rest = value; text.length < letters; rest = Math.floor(rest / 32)) {
    text = (ALPHABET[rest % 32] ?? "") + text;
  }
  return text;
}
