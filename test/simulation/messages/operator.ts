/** An operator sometimes looks at the dead letters and replays all of them. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { ApiError } from "../../../shared/contract/errors.js";
import { replayDeadLetter } from "../../../shared/cloud-events/dead-letters.js";
import { count } from "../faults.js";
import type { Platform } from "../platform/platform.js";
import type { Random } from "../random.js";
import type { World } from "../platform/world.js";
import { eventUseCases } from "./use-cases.js";

/** An operator's command has enough time. Each dead letter takes about as long as a function. */
const LIMIT_MS = 5 * MINUTE_MS;
const LETTER_MS = 30 * SECOND_MS;

const LETTERS_MAX = 100;

export function employOperator(world: World, platform: Platform, random: Random): void {
  const { timeline, faults, history } = world;
  const useCases = eventUseCases(world, platform);

  async function replayAll(): Promise<void> {
    await platform.invoke({
      name: "dead-letters",
      limitMs: LIMIT_MS,
      async body(services) {
        const deadLetters = await services.store.deadLetters.list({
          all: false,
          limit: LETTERS_MAX,
        });
        for (const deadLetter of deadLetters) {
          const endsMs = timeline.nowMs() + LETTER_MS;
          const timeLeftMs = () => endsMs - timeline.nowMs();
          const outcome = await replayDeadLetter(services, deadLetter, {
            useCases,
            timeLeftMs,
          }).catch((error: unknown) => {
            if (error instanceof ApiError) return error.code;
            throw error;
          });
          history.note("operator", `letter ${deadLetter.id}: ${outcome}`);
          count(faults.coverage, "replay of a letter", outcome);
        }
      },
    });
  }

  for (let times = random.pick([0, 1, 2, 5]); times > 0; times -= 1) {
    timeline.at(
      timeline.nowMs() + random.between(30 * SECOND_MS, 10 * MINUTE_MS),
      () => void replayAll(),
    );
  }
}
