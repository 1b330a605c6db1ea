/** Hands an event to the database of its application's account, where a deployment has several. */
import type { Services } from "../../ingest/services.js";
import { findPlace } from "../../ingest/places/find-place.js";
import type { EventResult, RoomEvent } from "../../room-events/types.js";
import { ingestsOfTasks } from "../../store/ingests/reads.js";

type Handle = (services: Services) => Promise<EventResult>;

/**
 * While the account moves it has two databases. An event of a task goes to the one that has its
 * ingest. An event of a room goes to both.
 */
export async function inPlaces(
  services: Services,
  event: RoomEvent,
  handle: Handle,
): Promise<EventResult> {
  const { places, config } = services;
  if (!places) return handle(services);
  const stores = places.of(config.applications.get(event.sdkAppId)?.Account ?? "");
  const handleIn = (store: Services["store"]) => handle({ ...services, store });
  if ("trtcTaskId" in event && stores.length > 1) {
    const place = await findPlace(stores, (store) =>
      store.health.read((query) => ingestsOfTasks(query, [event.trtcTaskId])),
    );
    return handleIn(place ?? (stores[0] as Services["store"]));
  }
  const results = await Promise.all(stores.map(handleIn));
  const followUps = results.flatMap(({ followUp }) => followUp ?? []);
  return {
    ingest: results.find(({ ingest }) => ingest !== undefined)?.ingest,
    followUp:
      followUps.length === 0
        ? undefined
        : (timeLeftMs) => Promise.all(followUps.map((followUp) => followUp(timeLeftMs))),
  };
}
