/**
 * Another program that plays in the same application through TRTC's own API. We learn about its
 * task only from TRTC's callbacks.
 */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { ApiError } from "../../../shared/contract/errors.js";
import { signUserSig } from "../../../shared/signing/trtc/user-sig.js";
import type { Random } from "../random.js";
import { APPLICATION } from "./settings.js";
import { streamUrl } from "../platform/sources.js";
import type { World } from "../platform/world.js";

/** Long enough for us to find the task, but with an end. */
const LASTS_MS = 12 * MINUTE_MS;

export function letStrangerPlay({ timeline, trtc, facts, history, config }: World, random: Random) {
  const region = config.applications.get(APPLICATION.sdkAppId)?.Region ?? "";
  timeline.at(timeline.nowMs() + random.between(0, 2 * MINUTE_MS), () => {
    const holder = { ...APPLICATION, userId: "stranger", lifetimeSeconds: 60 };
    const request = {
      SdkAppId: APPLICATION.sdkAppId,
      RoomId: "elsewhere",
      RoomIdType: 0,
      UserId: "stranger",
      UserSig: signUserSig(holder, new Date(timeline.nowMs())),
      StreamUrl: streamUrl(LASTS_MS / SECOND_MS, "strange"),
    };
    try {
      const answer = trtc.arrive({ action: "StartStreamIngest", request, region });
      const { TaskId } = answer as { TaskId: string };
      facts.known.strangers.add(TaskId);
      history.name(TaskId, "strange-task");
      history.note("stranger", `plays ${TaskId}`);
    } catch (error) {
      // The account already plays as many streams as TRTC allows.
      if (!(error instanceof ApiError)) throw error;
    }
  });
}
