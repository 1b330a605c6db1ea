/** Reads a stream of chunks in the sizes that a format needs, no faster than requested. */

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface ByteReader {
  /** Exactly this many bytes. Throws EndOfBytes when fewer are left. */
  read: (length: number) => Promise<Buffer>;
  /** This many bytes, or all that are left. Does not consume them. */
  peek: (length: number) => Promise<Buffer>;
  /** The bytes that have arrived, up to a maximum. Waits for the first. Empty at the end. */
  readSome: (lengthMax: number) => Promise<Buffer>;
  skip: (length: number) => Promise<void>;
  /** All remaining bytes, as they arrive. */
  rest: () => AsyncGenerator<Uint8Array>;
  /** Stops reading without waiting for data in transit. */
  close: () => Promise<void>;
}

export class EndOfBytes extends Error {
  constructor() {
    super("It ends in the middle.");
  }
}

export function byteReader(chunks: Chunks): ByteReader {
  const iterator: AsyncIterator<Uint8Array, unknown> | Iterator<Uint8Array, unknown> =
    Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  let held: Buffer = Buffer.alloc(0);

  const peek = async (length: number): Promise<Buffer> => {
    const parts = [held];
    let size = held.length;
    while (size < length) {
      const next = await iterator.next();
      if (next.done) break;
      const { buffer, byteOffset, byteLength } = next.value;
      parts.push(Buffer.from(buffer, byteOffset, byteLength));
      size += byteLength;
    }
    if (parts.length > 1) held = Buffer.concat(parts);
    return held.subarray(0, length);
  };

  return {
    peek,
    async read(length) {
      const bytes = await peek(length);
      if (bytes.length < length) throw new EndOfBytes();
      held = held.subarray(length);
      return bytes;
    },
    async readSome(lengthMax) {
      if (held.length === 0) await peek(1);
      const bytes = held.subarray(0, lengthMax);
      held = held.subarray(bytes.length);
      return bytes;
    },
    async skip(length) {
      let left = length;
      while (left > held.length) {
        left -= held.length;
        held = Buffer.alloc(0);
        if ((await peek(1)).length === 0) throw new EndOfBytes();
      }
      held = held.subarray(left);
    },
    async *rest() {
      const begun = held;
      held = Buffer.alloc(0);
      if (begun.length > 0) yield begun;
      try {
        for (;;) {
          const next = await iterator.next();
          if (next.done) return;
          yield next.value;
        }
      } finally {
        await iterator.return?.();
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}
