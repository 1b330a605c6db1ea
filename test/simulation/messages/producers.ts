/**
 * Producers send messages instead of calls. They act out the same stories through queues, buckets
 * and buses.
 */
import { EVENT_KINDS, type EventKind } from "../../../ops/event/build-event.js";
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { ask, findOwn, type Needs } from "../actors/callers.js";
import type { Random } from "../random.js";
import type { Deed, Story } from "../actors/workload.js";
import type { Deliveries } from "./deliveries.js";
import { makeMessage, type Meant } from "./message.js";
import { callerOf, isObjectKind, RULE_FIELDS } from "./sources.js";

/** A story with the source of its messages. */
export interface ToldStory extends Story {
  kind: EventKind;
}

export const isTold = (story: Story): story is ToldStory => "kind" in story;

/** Messages act out some of the seed's stories. */
export const throughMessages = (stories: readonly Story[], random: Random): Story[] =>
  stories.map((story) => (random.chance(0.6) ? toldStory(story, random) : story));

function toldStory(story: Story, random: Random): ToldStory {
  const kind = random.pick(EVENT_KINDS);
  const { ClientToken, ...request } = story.request;
  const isNamed = ClientToken !== undefined && random.chance(0.3);
  return {
    ...story,
    kind,
    callerId: callerOf(kind),
    region: isObjectKind(kind) ? undefined : story.region,
    request: isObjectKind(kind)
      ? { ...RULE_FIELDS[kind], StreamUrl: storedUrl(request.StreamUrl, random) }
      : { ...request, ...(isNamed && { ClientToken }) },
    deeds: [...story.deeds, ...volumes(random)]
      .sort((a, b) => a.afterMs - b.afterMs)
      .map(withOwnVolume),
  };
}

/** A stored file has an end. */
const storedUrl = (url: string, random: Random): string =>
  url.replace("/live/", `/${random.between(5, 90)}/`);

/** A person moves a fader. */
function volumes(random: Random): Deed[] {
  const begunMs = random.between(0, MINUTE_MS);
  return Array.from({ length: random.pick([0, 0, 3]) }, (_, index) => ({
    verb: "UpdateStreamIngest",
    afterMs: begunMs + index * 10 * SECOND_MS,
    toMs: undefined,
    media: {},
    isReplayed: false,
  }));
}

/** All volumes differ. A repeat that undoes another update thus becomes visible. */
const withOwnVolume = (deed: Deed, index: number): Deed =>
  deed.verb === "UpdateStreamIngest" && deed.toMs === undefined
    ? { ...deed, media: { Volume: 10 + index } }
    : deed;

interface Producing extends Needs {
  deliveries: Deliveries;
}

/** Resolves when the producer has finished. Its messages may stay under way for long. */
export async function produce(needs: Producing, story: ToldStory): Promise<void> {
  const { world, random } = needs;
  const { timeline } = world;
  const { kind, request, region } = story;
  await timeline.sleep(story.atMs - timeline.nowMs());
  const started = isObjectKind(kind)
    ? request.StreamUrl
    : { Action: "StartStreamIngest", ...(region !== undefined && { Region: region }), ...request };
  const intent = request.StreamUrl;
  const start = () => put(needs, story, started, { verb: "StartStreamIngest", intent });
  start();
  // A second message for the same start.
  if (request.ClientToken !== undefined && random.chance(0.5)) start();
  if (random.chance(0.2)) putNonsense(needs, story);
  let passedMs = 0;
  let taskId: string | undefined;
  for (const deed of story.deeds) {
    await timeline.sleep(deed.afterMs - passedMs);
    passedMs = deed.afterMs;
    taskId ??= await findOwn(needs, story);
    if (taskId !== undefined) await doIt(needs, story, { deed, taskId });
  }
}

async function doIt(
  needs: Producing,
  story: ToldStory,
  { deed, taskId }: { deed: Deed; taskId: string },
): Promise<void> {
  const { timeline, facts } = needs.world;
  const { verb } = deed;
  const about = { Action: verb, TaskId: taskId };
  // A bucket only reports that an object exists.
  if (isObjectKind(story.kind) || verb === "DescribeStreamIngest") {
    await ask(needs, story, "DescribeStreamIngest", { TaskId: taskId });
    return;
  }
  if (deed.verb !== "UpdateStreamIngest") {
    facts.known.stopAsked.add(taskId);
    put(needs, story, about, { verb: "StopStreamIngest", taskId });
    return;
  }
  const { toMs, startsInMs, media } = deed;
  const stopAtMs = toMs === undefined ? undefined : timeline.nowMs() + toMs;
  const StopTime = stopAtMs === undefined ? undefined : new Date(stopAtMs).toISOString();
  const StartTime =
    startsInMs === undefined ? undefined : new Date(timeline.nowMs() + startsInMs).toISOString();
  const meant = { verb: deed.verb, taskId, volume: media.Volume, stopAtMs };
  put(needs, story, { ...about, ...media, StopTime, StartTime }, meant);
}

function put(needs: Producing, story: ToldStory, content: string | object, meant: Meant): void {
  const { world, random, deliveries } = needs;
  const at = new Date(world.timeline.nowMs());
  const id = `${story.request.StreamUrl} ${random.between(1, 10 ** 9)}`;
  deliveries.put(makeMessage({ kind: story.kind, id, at, content, meant }));
}

/** A message that can never work. For a bucket, this is an object that no rule plays. */
function putNonsense(needs: Producing, story: ToldStory): void {
  if (isObjectKind(story.kind)) {
    put(needs, story, "https://media.example/folder/", { verb: "nothing" });
  } else {
    const text = needs.random.pick(['{"Action":"PlayEverything"}', "{}"]);
    put(needs, story, text, { verb: "nonsense" });
  }
}
