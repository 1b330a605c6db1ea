/** The bundled clip in other containers, and media made by hand. No encoder is needed. */
import { readFileSync } from "node:fs";
import {
  ALL_FORMATS,
  BufferSource,
  BufferTarget,
  Conversion,
  Input,
  Output,
  type OutputFormat,
} from "mediabunny";

const SAMPLES = new URL("../../../emulator/media/", import.meta.url);

export const sample = (name: string): Buffer => readFileSync(new URL(name, SAMPLES));

export const CLIP = sample("clip.mp4");

/** The same packets in another container, without encoding. */
export async function remux(
  format: OutputFormat,
  { video = true, rotate = 0 }: { video?: boolean; rotate?: 0 | 90 } = {},
): Promise<Buffer> {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(CLIP) });
  const target = new BufferTarget();
  const output = new Output({ format, target });
  const conversion = await Conversion.init({ input, output, video: { discard: !video, rotate } });
  await conversion.execute();
  if (!target.buffer) throw new Error("Nothing was written.");
  return Buffer.from(target.buffer);
}

/** One frame of MPEG-1 layer III: 1152 samples of silence at 44.1 kHz and 128 kbit/s. */
const MP3_FRAME = Buffer.concat([Buffer.of(0xff, 0xfb, 0x90, 0x64), Buffer.alloc(413)]);

export const MP3_FRAME_SECONDS = 1152 / 44_100;

export const mp3 = (frames: number): Buffer =>
  Buffer.concat(Array.from({ length: frames }, () => MP3_FRAME));

/** A second of silence: 8000 samples of 8 bits. */
export const WAV = Buffer.concat([
  Buffer.from(
    "RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0",
    "latin1",
  ),
  Buffer.from("data@\x1f\0\0", "latin1"),
  Buffer.alloc(8000, 128),
]);

/** For files that are read to their end: on a busy machine they must not count as live. */
export const PATIENT = {
  bytesMax: 16 * 1024 * 1024,
  passedBytesMax: 512 * 1024 * 1024,
  timeLimitMs: 40_000,
};
