/**
 * The same files always give the same zip bytes. Node.js packs them 4 % smaller than a packer in
 * JavaScript, and each byte of a function is loaded in each cold start.
 */
import { constants, crc32, deflateRawSync } from "node:zlib";

/** 1980-01-01, the earliest time in a zip. The files' own times are not used. */
const DATE = 0x21;

/** Version 2.0 has deflated files. It was written on UNIX, which has the modes below. */
const VERSION = 20;
const UNIX = 3 << 8;
/** A file that the user who runs functions on the platform may read. */
const MODE = (0o100644 << 16) >>> 0;

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
/** Names are UTF-8. */
const FLAGS = 0x0800;
const DEFLATED = 8;

interface Packed {
  name: Buffer;
  /** What both headers say of the file, from the needed version to the lengths of the name. */
  facts: Buffer;
  data: Buffer;
}

export function zipOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const sorted = [...files].sort(([one], [other]) => (one < other ? -1 : 1));
  const packed = sorted.map(([name, bytes]) => pack(name, bytes));
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, facts, data } of packed) {
    const local = Buffer.concat([numbers([LOCAL_HEADER, 4]), facts, name, data]);
    locals.push(local);
    // After the lengths: no comment, the first disk, no text, the mode, the place of the file.
    const rest = numbers([0, 2], [0, 2], [0, 2], [MODE, 4], [offset, 4]);
    const head = numbers([CENTRAL_HEADER, 4], [UNIX | VERSION, 2]);
    centrals.push(Buffer.concat([head, facts, rest, name]));
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const count = packed.length;
  const end = numbers(
    [END, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [central.length, 4],
    [offset, 4],
    [0, 2],
  );
  return Buffer.concat([...locals, central, end]);
}

function pack(fileName: string, bytes: Uint8Array): Packed {
  const name = Buffer.from(fileName);
  const data = deflateRawSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  const facts = numbers(
    [VERSION, 2],
    [FLAGS, 2],
    [DEFLATED, 2],
    [0, 2],
    [DATE, 2],
    [crc32(bytes), 4],
    [data.length, 4],
    [bytes.length, 4],
    [name.length, 2],
    [0, 2],
  );
  return { name, facts, data };
}

/** Each with its bytes, the lowest first. */
function numbers(...fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}
