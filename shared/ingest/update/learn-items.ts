/** Reads the lengths of new items before their update takes effect, as a start does. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Programme, ProgrammeItem } from "../../store/programmes/programme-row.js";
import type { Call, Services } from "../services.js";
import { isToLearn, readItems } from "../start/read-items.js";
import { PROBE_RESERVE_MS } from "../timing.js";
import { type NewItems, newItems } from "./programme-after.js";

/** Throws ApiError when the end of an item is not known. */
export async function learnedItems(
  services: Services,
  { request, caller, timeLeftMs }: Call<"UpdateStreamIngest">,
  ingest: Ingest,
): Promise<NewItems> {
  const { list, inserted } = newItems(ingest, request);
  const about = { action: "UpdateStreamIngest" as const, caller: caller.Id, room: ingest.roomId };
  const learn = async (
    items: ProgrammeItem[],
    placeOf?: () => string,
  ): Promise<ProgrammeItem[]> => {
    if (!ingest.programme || !items.some((item) => isToLearn(item, LIST))) return items;
    const programme: Programme = { ...ingest.programme, ...LIST, items };
    const leftMs = () => timeLeftMs() - PROBE_RESERVE_MS;
    const read = { programme, isProbed: false, timeLeftMs: leftMs, about };
    const { refusal, programme: learned } = await readItems(services, {
      ...read,
      ...(placeOf && { placeOf }),
    });
    if (refusal) throw refusal;
    return learned?.items ?? items;
  };
  if (list) return { list: await learn(list) };
  if (!inserted) return {};
  const [item = inserted] = await learn([inserted], () => "InsertNext");
  return { inserted: item };
}

const LIST = { isList: true };
