/**
 * Reads the headers of a programme's sources: of a failed main source, to see whether it is well
 * again, and of a coming item, to learn its length.
 */
import type { OnAir, Programme } from "../../store/programmes/programme-row.js";
import type { Services } from "../services.js";
import { PROBE_RESERVE_MS } from "../timing.js";
import { afterProbe, unlearnedItem } from "./next-step.js";
import { isOver, itemAt, placeAt } from "./timeline.js";

interface Sources {
  programme: Programme;
  onAir: OnAir;
}

/** Reads what is due, and returns both with what was found. */
export async function readDue(
  services: Services,
  { programme, onAir, at, timeLeftMs }: Sources & { at: Date; timeLeftMs: () => number },
): Promise<Sources> {
  const leftMs = () => timeLeftMs() - PROBE_RESERVE_MS;
  const probed = isProbeDue(onAir, at)
    ? await probe(services, { programme, onAir }, leftMs())
    : onAir;
  return { programme: await learn(services, { programme, at }, leftMs()), onAir: probed };
}

const isProbeDue = ({ source, failed: { primary } }: OnAir, at: Date): boolean =>
  source !== "primary" && typeof primary?.nextAt === "string" && new Date(primary.nextAt) <= at;

/** A source that cannot be checked counts as healthy: only TRTC can say more about it. */
async function probe(
  { readSource, clock }: Services,
  { programme, onAir }: Sources,
  leftMs: number,
): Promise<OnAir> {
  const url = itemAt(programme, onAir.index)?.StreamUrl ?? "";
  const { outcome } = await readSource(url, leftMs);
  const isHealthy = outcome === "ok" || outcome === "not-checked";
  return afterProbe({ programme, onAir }, { isHealthy, at: clock.now() });
}

/**
 * Reads one length after the other, until the item of this instant has one. A place in a list follows
 * from the lengths of the items before it. Without enough time the rest stays as it was.
 */
export async function learnPlace(
  services: Services,
  { programme, at, leftMs }: { programme: Programme; at: Date; leftMs: () => number },
): Promise<Programme> {
  let learned = programme;
  while (leftMs() > 0) {
    const next = await learn(services, { programme: learned, at }, leftMs());
    if (next === learned) break;
    learned = next;
  }
  return learned;
}

/** The programme with the lengths that another copy of it has. */
export const withLengths = (programme: Programme, { items }: Programme): Programme => ({
  ...programme,
  items: programme.items.map((item) => {
    if (item.LengthSeconds !== undefined) return item;
    const known = items.find(({ StreamUrl }) => StreamUrl === item.StreamUrl);
    return known?.LengthSeconds === undefined
      ? item
      : { ...item, LengthSeconds: known.LengthSeconds };
  }),
});

async function learn(
  { readSource }: Services,
  { programme, at }: { programme: Programme; at: Date },
  leftMs: number,
): Promise<Programme> {
  const place = placeAt(programme, at);
  const index = isOver(place) ? undefined : unlearnedItem(programme, place);
  const item = index === undefined ? undefined : programme.items[index];
  if (!item) return programme;
  const { media } = await readSource(item.StreamUrl, leftMs);
  const learned = { ...item, LengthSeconds: media?.DurationSeconds ?? null };
  return {
    ...programme,
    items: programme.items.map((other) => (other === item ? learned : other)),
  };
}
