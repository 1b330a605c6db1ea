/** The lines of a log file that grows, and that a new one replaces once it is full. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { SECOND_MS } from "../../shared/clock.js";
import type { Io } from "../../local/terminal/io.js";

const POLL_MS = SECOND_MS / 4;

const CHUNK_BYTES = 256 * 1024;

/** `undefined`: there is no such file. */
export async function openLines(path: string): Promise<Lines | undefined> {
  try {
    return new Lines(await open(path, "r"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

class Lines {
  readonly #file: FileHandle;
  #decoder = new StringDecoder("utf8");
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  /** The bytes that were read. */
  #position = 0;
  /** The part of a line that is not whole yet. */
  #rest = "";

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The whole lines that were written since the last call. */
  async *read(): AsyncGenerator<string> {
    const { size } = await this.#file.stat();
    if (size < this.#position) this.#beginAnew();
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#chunk, 0, CHUNK_BYTES, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      const text = this.#rest + this.#decoder.write(this.#chunk.subarray(0, bytesRead));
      const lines = text.split("\n");
      this.#rest = lines.pop() ?? "";
      yield* lines;
    }
  }

  /** The file was emptied, as log rotation with copytruncate does. */
  #beginAnew(): void {
    this.#position = 0;
    this.#rest = "";
    this.#decoder = new StringDecoder("utf8");
  }

  /** Whether the path names this file. `undefined`: the path names none. */
  async isAt(path: string): Promise<boolean | undefined> {
    const mine = await this.#file.stat();
    const current = await stat(path).catch(() => undefined);
    return current && current.ino === mine.ino && current.dev === mine.dev;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The lines that are appended from now on, until the interrupt. Closes what it reads. */
export async function* appendedLines(
  first: Lines,
  { path, clock, interrupted }: { path: string; clock: Io["clock"]; interrupted: AbortSignal },
): AsyncGenerator<string> {
  let lines = first;
  try {
    for (;;) {
      const isReplaced = (await lines.isAt(path)) === false;
      yield* lines.read();
      const next = isReplaced ? await openLines(path) : undefined;
      if (next) {
        await lines.close();
        lines = next;
      } else if (interrupted.aborted) return;
      else await clock.sleep(POLL_MS, interrupted);
    }
  } finally {
    await lines.close();
  }
}
