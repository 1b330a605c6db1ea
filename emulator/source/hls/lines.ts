/** Bytes as lines, a batch for each chunk, without ever holding more of a line than is of use. */

/** The longest that has a use is a signed address. */
export const LINE_LETTERS_MAX = 32 * 1024;

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Trimmed. Of a longer line than LINE_LETTERS_MAX its beginning alone is told, one letter longer
 * than that, so that it can be seen to be too long.
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
