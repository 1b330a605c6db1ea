/** Films made by hand, box by box. Source: ISO/IEC 14496-12, 4.2. */
export interface Box {
  type: string;
  content: Buffer;
}

export function boxesOf(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    boxes.push({
      type: bytes.toString("latin1", at + 4, at + 8),
      content: bytes.subarray(at + 8, at + size),
    });
    at += size;
  }
  return boxes;
}

export function write(boxes: readonly Box[], { long = false } = {}): Buffer {
  return Buffer.concat(
    boxes.flatMap(({ type, content }) => {
      const head = Buffer.alloc(long ? 16 : 8);
      head.writeUInt32BE(long ? 1 : 8 + content.length, 0);
      head.write(type, 4, "latin1");
      if (long) head.writeBigUInt64BE(BigInt(16 + content.length), 8);
      return [head, content];
    }),
  );
}

const CONTAINERS = ["moov", "trak", "mdia", "minf", "stbl"];

/** The same film with every box changed, inner boxes first. */
export const changed = (bytes: Buffer, change: (box: Box) => Box, options = {}): Buffer =>
  write(
    boxesOf(bytes).map((box) =>
      CONTAINERS.includes(box.type)
        ? change({ ...box, content: changed(box.content, change, options) })
        : change(box),
    ),
    options,
  );

const table = (count: number, entry: Buffer, before = 4): Buffer => {
  const head = Buffer.alloc(before + 4);
  head.writeUInt32BE(count, before);
  return Buffer.concat([head, Buffer.alloc(count * entry.length, entry)]);
};

export const FIVE_HOURS = 18_000;

/** The tables of five hours, with an entry for every sample. */
export function ofFiveHours({ type, content }: Box): Box {
  const copy = Buffer.from(content);
  const count = 845_000;
  if (type === "mvhd") copy.writeUInt32BE(FIVE_HOURS * content.readUInt32BE(12), 16);
  if (type === "mdhd") copy.writeUInt32BE(FIVE_HOURS * content.readUInt32BE(12), 16);
  if (type === "stts") {
    return { type, content: table(count, Buffer.from([0, 0, 0, 1, ...content.subarray(12, 16)])) };
  }
  if (type === "stsz") return { type, content: table(count, Buffer.of(0, 0, 1, 0), 8) };
  if (type === "stco") return { type, content: table(count, Buffer.of(0, 1, 0, 0)) };
  if (type === "stsc") {
    return { type, content: table(1, Buffer.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1)) };
  }
  return { type, content: copy };
}
