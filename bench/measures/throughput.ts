/**
 * Starts a second of one instance without waiting for slots: every start uses another account. The
 * database has the four connections of an instance and shares the machine with the emulator.
 */
import { type Handle, fieldsOf } from "../instance.js";
import { type Bench, median, type Subject, takeTurns, timed } from "../measure.js";
import { figureOf, type Section } from "../results.js";

interface Compared {
  ours: Handle;
  documented: Handle;
  /** A start of the next account. */
  events: () => object;
}

const OURS = "start-ingest";
const DOCUMENTED = "the documented way";
const at = (name: string, concurrency: number) => `${name}, ${concurrency} at a time`;

export async function benchThroughput(
  { quick, show }: Bench,
  { ours, documented, events }: Compared,
): Promise<Section> {
  const starts = quick ? 64 : 320;
  const subject = (name: string, handle: Handle, concurrency: number): Subject<number> => ({
    name: at(name, concurrency),
    run: async () => {
      const ms = await timed(() => startMany(handle, { starts, concurrency, events }));
      return (starts * 1000) / ms;
    },
  });
  const outcomes = await takeTurns(
    [1, 16].flatMap((concurrency) => [
      subject(OURS, ours, concurrency),
      subject(DOCUMENTED, documented, concurrency),
    ]),
    { rounds: quick ? 2 : 15, warmUps: 1, onRound: (line) => show(`starts a second, ${line}`) },
  );
  const rows = [...outcomes].map(([name, rates]) => ({
    subject: name,
    figures: { perSecond: median(rates) },
  }));
  const rate = (name: string) => figureOf(rows, name, "perSecond");
  const ratios = [1, 16].map((concurrency) => ({
    name: `${concurrency} at a time, ours ÷ the documented way`,
    value: rate(at(OURS, concurrency)) / rate(at(DOCUMENTED, concurrency)),
    better: "more" as const,
  }));
  return { title: "warm: starts of one instance", rows, ratios, goals: [] };
}

/** Keeps this many in progress until all are answered. */
async function startMany(
  handle: Handle,
  { starts, concurrency, events }: { starts: number; concurrency: number; events: () => object },
): Promise<void> {
  let left = starts;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      fieldsOf(await handle(events()));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
