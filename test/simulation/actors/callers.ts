/**
 * Runs the stories: sends the requests, repeats them where the answer requires it, and reports the
 * outcome.
 */
import { SECOND_MS } from "../../../shared/clock.js";
import { describeIngest } from "../../../shared/ingest/describe.js";
import type { Call, UseCase } from "../../../shared/ingest/services.js";
import { listIngests } from "../../../shared/ingest/list.js";
import { startIngest } from "../../../shared/ingest/start/start.js";
import { stopIngest } from "../../../shared/ingest/stop/stop.js";
import { updateIngest } from "../../../shared/ingest/update/update.js";
import type { Action } from "../../../shared/contract/schemas.js";
import type { Ended, Platform } from "../platform/platform.js";
import type { Random } from "../random.js";
import { urlsOf } from "./programmes.js";
import { type Deed, startOf, type Story } from "./workload.js";
import type { World } from "../platform/world.js";

/** The time limit of every function in serverless.yml. */
const DOOR_LIMIT_MS = 30 * SECOND_MS;

const USE_CASES = {
  StartStreamIngest: startIngest,
  StopStreamIngest: stopIngest,
  UpdateStreamIngest: updateIngest,
  DescribeStreamIngest: describeIngest,
  ListStreamIngests: listIngests,
};

type Verb = keyof typeof USE_CASES;

export interface Needs {
  world: World;
  platform: Platform;
  random: Random;
}

/** Resolves when the caller has finished its story. */
export async function live(needs: Needs, story: Story): Promise<void> {
  const { world, random } = needs;
  const { timeline } = world;
  await timeline.sleep(story.atMs - timeline.nowMs());
  const [first] = await Promise.all([
    startUntilKnown(needs, story),
    stopUnheard(needs, story),
    ...story.againAfterMs.map(async (afterMs) => {
      await timeline.sleep(afterMs);
      await ask(needs, story, "StartStreamIngest", startOf(story));
    }),
  ]);
  const taskId = taskIdIn(first);
  if (taskId === undefined) return;
  let passedMs = 0;
  for (const deed of story.deeds) {
    await timeline.sleep(deed.afterMs - passedMs);
    passedMs = deed.afterMs;
    await doIt(needs, { story, deed, taskId });
  }
  if (!story.asksLater) return;
  await timeline.sleep(random.between(0, 60_000));
  await ask(needs, story, "StartStreamIngest", startOf(story));
}

async function startUntilKnown(needs: Needs, story: Story): Promise<Ended<object>> {
  for (let retries = 0; ; retries += 1) {
    const ended = await ask(needs, story, "StartStreamIngest", startOf(story));
    const isFinal = ended.kind === "answer" || (ended.kind === "error" && !ended.error.retry);
    if (isFinal || retries >= story.retries) return ended;
    await needs.world.timeline.sleep(needs.random.between(100, 20_000));
  }
}

function taskIdIn(ended: Ended<object>): string | undefined {
  return ended.kind === "answer" ? (ended.answer as { TaskId?: string }).TaskId : undefined;
}

async function doIt(
  needs: Needs,
  { story, deed, taskId: TaskId }: { story: Story; deed: Deed; taskId: string },
): Promise<void> {
  if (deed.verb !== "UpdateStreamIngest") {
    await (deed.verb === "StopStreamIngest"
      ? stop(needs, story, TaskId)
      : ask(needs, story, deed.verb, { TaskId }));
    return;
  }
  const { timeline } = needs.world;
  const { toMs, startsInMs, media, isReplayed } = deed;
  const instant = (ms: number) => new Date(timeline.nowMs() + ms).toISOString();
  const request = {
    TaskId,
    ...media,
    ...(toMs !== undefined && { StopTime: instant(toMs) }),
    ...(startsInMs !== undefined && { StartTime: instant(startsInMs) }),
  };
  if (!isReplayed) {
    await ask(needs, story, deed.verb, request);
    return;
  }
  const signature = `${TaskId} ${timeline.nowMs()}`;
  await Promise.all([
    ask(needs, story, deed.verb, request, signature),
    timeline.sleep(500).then(() => ask(needs, story, deed.verb, request, signature)),
  ]);
}

async function stop(needs: Needs, story: Story, TaskId: string): Promise<void> {
  needs.world.facts.known.stopAsked.add(TaskId);
  const { world, random } = needs;
  const looksAfterMs = random.chance(0.3) ? random.between(0, 150) : undefined;
  await Promise.all([
    ask(needs, story, "StopStreamIngest", { TaskId }),
    looksAfterMs !== undefined &&
      world.timeline
        .sleep(looksAfterMs)
        .then(() => ask(needs, story, "DescribeStreamIngest", { TaskId })),
  ]);
}

/** A caller without an answer finds its ingest in the list. */
async function stopUnheard(needs: Needs, story: Story): Promise<void> {
  if (story.stopsUnheardAfterMs === undefined) return;
  await needs.world.timeline.sleep(story.stopsUnheardAfterMs);
  const taskId = await findOwn(needs, story);
  if (taskId !== undefined) await stop(needs, story, taskId);
}

/** The TaskId of the story's ingest, if the list has it and it has not ended. */
export async function findOwn(needs: Needs, story: Story): Promise<string | undefined> {
  const { RoomId } = story.request;
  const urls = urlsOf(story.request, story.programme ?? {});
  const ended = await ask(needs, story, "ListStreamIngests", { RoomId });
  if (ended.kind !== "answer") return undefined;
  const { Ingests = [] } = ended.answer as {
    Ingests?: { TaskId: string; StreamUrl: string; State: string }[];
  };
  return Ingests.find((each) => urls.includes(each.StreamUrl) && each.State !== "ended")?.TaskId;
}

export async function ask<V extends Verb>(
  { world, platform }: Needs,
  story: Story,
  verb: V,
  request: Call<V>["request"],
  signature?: string,
): Promise<Ended<object>> {
  const { config, facts, history } = world;
  const { callerId, region } = story;
  const { SdkAppId } = request;
  const caller = config.callers.get(callerId);
  if (!caller) throw new Error(`no caller ${callerId}`);
  const application = config.applications.get(SdkAppId ?? caller.SdkAppIds[0] ?? 0);
  if (!application) throw new Error(`no application ${SdkAppId}`);
  const intent = story.request.StreamUrl;
  history.note(callerId, () => `${verb} ${JSON.stringify(request)} for ${intent}`);
  const useCase = USE_CASES[verb] as UseCase<Action>;
  const ended = await platform.invoke({
    name: verb.replace("StreamIngest", "").toLowerCase(),
    limitMs: DOOR_LIMIT_MS,
    body: (services, timeLeftMs) =>
      useCase(services, {
        caller,
        application,
        region,
        signature,
        timeLeftMs,
        request: { ...request },
      }),
  });
  const { TaskId } = request as { TaskId?: string };
  const clientToken = story.request.ClientToken;
  const asked = { verb, callerId, intent, clientToken, taskId: TaskId ?? taskIdIn(ended) };
  history.note(callerId, () => `${verb} for ${intent}: ${endedText(ended)}`);
  if (ended.kind === "answer") {
    facts.tell({ kind: "answered", asked, answer: ended.answer as Record<string, unknown> });
  }
  if (ended.kind === "error") facts.tell({ kind: "refused", asked, error: ended.error });
  return ended;
}

function endedText(ended: Ended<object>): string {
  if (ended.kind === "answer") return JSON.stringify(ended.answer);
  return ended.kind === "error" ? ended.error.code : "no answer";
}
