/**
 * AMF0, the format of FLV's metadata and RTMP's commands. Source: Adobe, Action Message Format AMF
 * 0, 2007.
 */
import { EndOfBytes } from "../byte-reader.js";

export type AmfValue = number | boolean | string | null | undefined | AmfObject | AmfValue[];

export interface AmfObject {
  [name: string]: AmfValue;
}

const NUMBER = 0;
const BOOLEAN = 1;
const STRING = 2;
const OBJECT = 3;
const NULL = 5;
const UNDEFINED = 6;
const ECMA_ARRAY = 8;
const OBJECT_END = 9;
const STRICT_ARRAY = 10;
const DATE = 11;
const LONG_STRING = 12;

/** Real metadata has two levels. Deeper ones are an attack. */
const DEPTH_MAX = 8;

/** All values in a row. Of a cut or unknown value, the part before it. */
export function decodeAmf(bytes: Buffer): AmfValue[] {
  const values: AmfValue[] = [];
  let at = 0;
  try {
    while (at < bytes.length) value((read) => values.push(read), 0);
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
  }
  return values;

  /** A container is kept before it is filled, so a cut one is not lost. */
  function value(keep: (read: AmfValue) => void, depth: number): void {
    const type = bytes.readUInt8(step(1));
    if (depth > DEPTH_MAX) throw new EndOfBytes();
    if (type === NUMBER) keep(bytes.readDoubleBE(step(8)));
    else if (type === BOOLEAN) keep(bytes.readUInt8(step(1)) !== 0);
    else if (type === STRING) keep(text(bytes.readUInt16BE(step(2))));
    else if (type === LONG_STRING) keep(text(bytes.readUInt32BE(step(4))));
    else if (type === NULL) keep(null);
    else if (type === UNDEFINED) keep(undefined);
    else if (type === DATE) keep(bytes.readDoubleBE(step(10)));
    else if (type === STRICT_ARRAY) list(keep, depth);
    else if (type === OBJECT || type === ECMA_ARRAY) {
      if (type === ECMA_ARRAY) step(4);
      object(keep, depth);
    } else throw new EndOfBytes();
  }

  function object(keep: (read: AmfValue) => void, depth: number): void {
    const fields = Object.create(null) as AmfObject;
    keep(fields);
    for (;;) {
      const name = text(bytes.readUInt16BE(step(2)));
      if (name === "" && bytes[at] === OBJECT_END) break;
      value((read) => (fields[name] = read), depth + 1);
    }
    step(1);
  }

  function list(keep: (read: AmfValue) => void, depth: number): void {
    const items: AmfValue[] = [];
    keep(items);
    const length = bytes.readUInt32BE(step(4));
    for (let n = 0; n < length; n += 1) value((read) => items.push(read), depth + 1);
  }

  function text(length: number): string {
    const start = step(length);
    return bytes.toString("utf8", start, at);
  }

  function step(length: number): number {
    const start = at;
    if (start + length > bytes.length) throw new EndOfBytes();
    at += length;
    return start;
  }
}

/** Commands need no lists and no undefined. */
export type AmfPlain = number | boolean | string | null | { [name: string]: AmfPlain };

export function encodeAmf(...values: AmfPlain[]): Buffer {
  return Buffer.concat(values.map(encode));
}

function encode(value: AmfPlain): Buffer {
  if (value === null) return Buffer.of(NULL);
  if (typeof value === "boolean") return Buffer.of(BOOLEAN, value ? 1 : 0);
  if (typeof value === "string") return Buffer.concat([Buffer.of(STRING), name(value)]);
  if (typeof value === "number") {
    const number = Buffer.alloc(9);
    number.writeDoubleBE(value, 1);
    return number;
  }
  const fields = Object.entries(value).flatMap(([key, field]) => [name(key), encode(field)]);
  return Buffer.concat([Buffer.of(OBJECT), ...fields, Buffer.of(0, 0, OBJECT_END)]);
}

/** A name with its length in front. */
function name(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}
