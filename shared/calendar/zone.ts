/** Time zones as spans of one offset each. Their data is the runtime's own. */
import {
  create,
  getTimeZoneTransition,
  offsetNanoseconds,
} from "temporal-polyfill/fns/ZonedDateTime";

/** A time in which the offset does not change. `from` is in it, `to` is not. Milliseconds. */
export interface Span {
  /** A change of the offset. Without one in the year before: the first known instant. */
  from: number;
  /** Infinity: for ever. */
  to: number;
  /** Local time minus UTC. */
  offset: number;
}

/** What a local time is in a zone. Each value is an instant in milliseconds. */
export type LocalTime =
  | { kind: "once"; at: number }
  | { kind: "twice"; first: number; later: number }
  /** `at` is the first instant after the gap. */
  | { kind: "missing"; at: number };

/** A day is more than any two offsets of one zone differ by. */
const DAY = 86_400_000;
const YEAR = 366 * DAY;
/** Enough for the changes of 50 years. */
const MOST_SPANS = 100;
/** More than there are names of zones. */
const MOST_ZONES = 700;

const zones = new Map<string, Zone>();

export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const zone = new Zone((at) => runtimeSpan(name, at));
  if (zones.size >= MOST_ZONES) zones.clear();
  zones.set(name, zone);
  return zone;
}

export class Zone {
  private spans: Span[] = [];

  /** `readSpan` finds the span of an instant. */
  constructor(private readonly readSpan: (at: number) => Span) {}

  /** Throws a RangeError if the runtime does not know the zone. */
  spanAt(at: number): Span {
    return this.spans.find((span) => isIn(span, at)) ?? this.keep(this.readSpan(at));
  }

  /**
   * `wall` is a local time, written as if it were UTC: 02:30 is the instant 02:30Z.
   */
  at(wall: number): LocalTime {
    const early = this.spanAt(wall - DAY);
    if (wall + DAY < early.to) return { kind: "once", at: wall - early.offset };
    const spans = this.spansBetween(early, wall + DAY);
    const instants = spans
      .filter((span) => isIn(span, wall - span.offset))
      .map(({ offset }) => wall - offset);
    const [first, later] = instants;
    if (first === undefined) return { kind: "missing", at: afterGap(spans, wall) };
    return later === undefined ? { kind: "once", at: first } : { kind: "twice", first, later };
  }

  /** The local time at an instant, written as if it were UTC. */
  wallAt(at: number): number {
    return at + this.spanAt(at).offset;
  }

  private spansBetween(first: Span, to: number): Span[] {
    const spans = [first];
    for (let span = first; span.to <= to; spans.push(span)) span = this.spanAt(span.to);
    return spans;
  }

  private keep(span: Span): Span {
    if (this.spans.length >= MOST_SPANS) this.spans = [];
    this.spans.push(span);
    return span;
  }
}

/** Looks forward from the year before: looking backward costs ten times as much. */
function runtimeSpan(name: string, at: number): Span {
  let from = at - YEAR;
  let moment = create(BigInt(Math.floor(from)) * 1_000_000n, name);
  let next = getTimeZoneTransition(moment, "next");
  for (; next && next.epochMilliseconds <= at; next = getTimeZoneTransition(moment, "next")) {
    moment = next;
    from = next.epochMilliseconds;
  }
  const to = next?.epochMilliseconds ?? Infinity;
  return { from, to, offset: offsetNanoseconds(moment) / 1_000_000 };
}

const isIn = ({ from, to }: Span, at: number): boolean => at >= from && at < to;

function afterGap(spans: readonly Span[], wall: number): number {
  const next = spans.find(({ from, offset }) => wall - offset < from);
  if (!next) throw new Error("a local time that does not exist is before a change of its zone");
  return next.from;
}
