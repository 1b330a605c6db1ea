/** Splits bytes into lines, a batch for each chunk. Only the useful part of a long line is kept. */

/** The longest useful line holds a signed address. */
export const LINE_LETTERS_MAX = 32 * 1024;

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Trimmed lines. A line over LINE_LETTERS_MAX is cut to one letter more than that, which marks it
 * as too long.
 */
export async function* linesOf(chunks: Chunks): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const piece = decoder.decode(chunk, { stream: true });
    const [begun = "", ...more] = piece.split("\n");
    const lines = [rest + begun, ...more];
    rest = (lines.pop() ?? "").slice(0, LINE_LETTERS_MAX + 1);
    yield lines.map(trimmed);
  }
  yield [trimmed(rest + decoder.decode())];
}

const trimmed = (line: string): string => line.slice(0, LINE_LETTERS_MAX + 1).trim();
