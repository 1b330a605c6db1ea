/**
 * Starts every actor of a seed's run: callers, producers, timers, TRTC's callbacks and other
 * programs.
 */
import { bringCallbacks, disturbRooms } from "./callbacks.js";
import { live } from "./callers.js";
import { drawCrowd } from "./crowd.js";
import { letSourcesDie, withProgrammes } from "./programmes.js";
import { withStartTimes } from "./schedules.js";
import { makeDeliveries } from "../messages/deliveries.js";
import { employOperator } from "../messages/operator.js";
import { isTold, produce, throughMessages } from "../messages/producers.js";
import type { Platform } from "../platform/platform.js";
import type { Random } from "../random.js";
import type { Setting } from "./setting.js";
import { letStrangerPlay } from "./stranger.js";
import { runTimers } from "../platform/timers.js";
import { drawStories, withBadSources } from "./workload.js";
import type { World } from "../platform/world.js";

/**
 * Returns the number of open stories, callbacks and messages. It leaves out the timers, which never
 * end.
 */
export function bringToLife(
  world: World,
  platform: Platform,
  { setting, random }: { setting: Setting; random: Random },
): () => number {
  const { shape, callbacks, messages, crowd, schedules, programmes } = setting;
  const startMs = world.timeline.nowMs();
  const usual = drawStories({ random, startMs, shape });
  const drawn = crowd ? drawCrowd(crowd, startMs) : usual;
  const timed = schedules ? withStartTimes(drawn, schedules) : drawn;
  const played = withBadSources(timed, callbacks);
  const told = messages ? throughMessages(played, messages) : played;
  const stories = programmes ? withProgrammes(told, { random: programmes, startMs }) : told;
  if (programmes) letSourcesDie(world, { stories, random: programmes });
  const toldLater = callbacks ? hearCallbacks(world, platform, callbacks.fork()) : () => 0;
  const deliveries = messages && makeDeliveries(world, platform, messages.fork());
  if (messages) employOperator(world, platform, messages.fork());
  if (callbacks?.chance(0.7) === true) letStrangerPlay(world, callbacks.fork());
  let talking = stories.length;
  for (const story of stories) {
    const needs = { world, platform, random: random.fork() };
    const answer =
      deliveries && isTold(story) ? produce({ ...needs, deliveries }, story) : live(needs, story);
    void answer.then(() => (talking -= 1));
  }
  runTimers(world, platform, { advances: schedules !== undefined || programmes !== undefined });
  return () => talking + toldLater() + (deliveries?.open() ?? 0);
}

function hearCallbacks(world: World, platform: Platform, random: Random): () => number {
  const toldLater = bringCallbacks(world, platform, random);
  disturbRooms(world, random);
  return toldLater;
}
