/**
 * WebM made by hand, as a browser's recorder or a live server writes it: without length and index.
 */
const UNKNOWN_SIZE = Buffer.of(1, 255, 255, 255, 255, 255, 255, 255);

function element(id: number, content: Buffer, { isSized = true } = {}): Buffer {
  const name = Buffer.from(id.toString(16).padStart(2, "0"), "hex");
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(2n ** 56n + BigInt(content.length));
  return Buffer.concat([name, isSized ? size : UNKNOWN_SIZE, content]);
}

const unsigned = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

const numbers = (fields: Record<number, number>): Buffer =>
  Buffer.concat(Object.entries(fields).map(([id, value]) => element(Number(id), unsigned(value))));

const text = (id: number, value: string): Buffer => element(id, Buffer.from(value));

export interface WebmOptions {
  seconds: number;
  /** The duration of a picture: 25 a second. */
  pictureBytes?: number;
  clusterSeconds?: number;
  docType?: "webm" | "matroska";
  areClustersSized?: boolean;
  /** Pictures in groups with an explicit duration. */
  areGrouped?: boolean;
  /** Nanoseconds of a tick. */
  timestampScale?: number;
  beginSeconds?: number;
}

const MILLISECONDS = 1_000_000;

export function webmHead({ docType = "webm", timestampScale = MILLISECONDS } = {}): Buffer {
  const video = Buffer.concat([
    numbers({ 0xd7: 1, 0x73c5: 1, 0x83: 1 }),
    text(0x86, "V_VP8"),
    element(0xe0, numbers({ 0xb0: 640, 0xba: 360 })),
  ]);
  const tracks = element(0x1654ae6b, element(0xae, video));
  const info = element(0x1549a966, numbers({ 0x2ad7b1: timestampScale }));
  return Buffer.concat([
    element(0x1a45dfa3, Buffer.concat([text(0x4282, docType), numbers({ 0x4287: 2, 0x4285: 2 })])),
    element(0x18538067, Buffer.concat([info, tracks]), { isSized: false }),
  ]);
}

export function webmClusters(options: WebmOptions): Buffer[] {
  const { seconds, clusterSeconds = 4, areClustersSized = false, beginSeconds = 0 } = options;
  const ticksOf = (time: number) =>
    Math.round((time * 1000 * MILLISECONDS) / (options.timestampScale ?? MILLISECONDS));
  const clusters: Buffer[] = [];
  for (let from = 0; from < seconds; from += clusterSeconds) {
    const pictures = Math.round(Math.min(clusterSeconds, seconds - from) * 25);
    const blocks = Array.from({ length: pictures }, (_, n) =>
      blockOf(ticksOf(n / 25), n === 0, { ...options, shownTicks: ticksOf(1 / 25) }),
    );
    const content = [numbers({ 0xe7: ticksOf(beginSeconds + from) }), ...blocks];
    clusters.push(element(0x1f43b675, Buffer.concat(content), { isSized: areClustersSized }));
  }
  return clusters;
}

function blockOf(
  ticks: number,
  isKey: boolean,
  { pictureBytes = 100, areGrouped = false, shownTicks }: WebmOptions & { shownTicks: number },
): Buffer {
  const content = Buffer.alloc(4 + pictureBytes, 0x55);
  content.writeUInt8(0x81);
  content.writeInt16BE(ticks, 1);
  content.writeUInt8(isKey && !areGrouped ? 0x80 : 0, 3);
  if (!areGrouped) return element(0xa3, content);
  return element(0xa0, Buffer.concat([element(0xa1, content), numbers({ 0x9b: shownTicks })]));
}

export const webmOf = (options: WebmOptions): Buffer =>
  Buffer.concat([webmHead(options), ...webmClusters(options)]);
