/**
 * Turns of the event loop, one for each piece of a source that has come, over all sources together.
 * Otherwise twenty fast streams would be read in one go. An answer of this process would wait for
 * all of them.
 */

/** The bytes of one turn: a thousand of the smallest messages. */
const PIECE_BYTES = 16 * 1024;

/** There is one event loop, so there is one queue. */
let last: Promise<unknown> = Promise.resolve();

/** Resolves in a turn of its own, in the order of the requests. */
function ownTurn(): Promise<unknown> {
  last = last.then(() => new Promise(setImmediate));
  return last;
}

/** Splits chunks into pieces, each in its own turn. */
export async function* inTurns(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      await ownTurn();
      yield chunk.subarray(at, at + PIECE_BYTES);
    }
  }
}
