/**
 * Calls every function from the uploaded zip with a recorded event of its kind. The list comes from
 * serverless.yml: a function without an event in events/ fails the rehearsal.
 */
import { readFile } from "node:fs/promises";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { CloudFunction } from "../cloud/scf.js";
import { fullName } from "./deployed.js";
import { expectThat, expectWithin, RehearsalError } from "./expect.js";
import type { Stage } from "./stage.js";
import type { Step } from "./steps.js";

/** A file of events/. Its `${…}` are filled in before it is parsed. */
interface RecordedEvent {
  /** The state before the call: an ingest that plays, one close to its StopTime, or nothing. */
  given: "nothing" | "running" | "due";
  event: unknown;
  /** The answer must contain this and may contain more. */
  answer: unknown;
  /** For the given ingest: the state of its task at TRTC afterwards. */
  task?: unknown;
}

/** Short enough to wait for, and long enough to start before it. */
const DUE_IN_MS = 5 * SECOND_MS;

export async function rehearseFunctions(stage: Stage, step: Step): Promise<void> {
  for (const name of Object.keys(stage.declared.functions)) {
    await step(`out of the uploaded zip: ${name}`, async () => {
      const raw = await readEvent(name);
      const { given } = JSON.parse(raw) as RecordedEvent;
      const ingest = given === "nothing" ? undefined : await startIngest(stage, given);
      const filled = fill(raw, stage, ingest?.TaskId);
      const { event, answer: expected, task } = JSON.parse(filled) as RecordedEvent;
      const { answer, rssBytes } = await invoke(stage, name, event);
      expectWithin(`${name}'s answer`, JSON.parse(answer), expected);
      if (task !== undefined) {
        const actual = stage.trtc.tasks().find(({ taskId }) => taskId === ingest?.TrtcTaskId);
        expectWithin("TRTC's task", actual, task);
      }
      return `${(rssBytes / 1e6).toFixed(0)} MB`;
    });
  }
}

async function readEvent(name: string): Promise<string> {
  const file = `events/${name}.json`;
  try {
    return await readFile(new URL(file, import.meta.url), "utf8");
  } catch {
    throw new RehearsalError(`${name} has no recorded event: add deploy/rehearsal/${file}`);
  }
}

function fill(text: string, { trtc, declared }: Stage, taskId = ""): string {
  return text
    .replaceAll("${StreamUrl}", `${trtc.url}/media/clip.mp4`)
    .replaceAll("${Service}", declared.service)
    .replaceAll("${TaskId}", taskId);
}

/** Calls the uploaded start-ingest like any other caller. */
async function startIngest(stage: Stage, given: "running" | "due") {
  const recorded = JSON.parse(fill(await readEvent("start-ingest"), stage)) as RecordedEvent;
  const event = recorded.event as { body: string };
  const body = JSON.parse(event.body) as object;
  const StopTime = addMs(clock.now(), DUE_IN_MS).toISOString();
  const request = given === "due" ? { ...body, StopTime } : body;
  const filled = { ...event, body: JSON.stringify(request) };
  const { answer } = await invoke(stage, "start-ingest", filled);
  expectWithin("the start's answer", JSON.parse(answer), recorded.answer);
  const { body: text } = JSON.parse(answer) as { body: string };
  return (JSON.parse(text) as { Response: { TaskId: string; TrtcTaskId: string } }).Response;
}

async function invoke(stage: Stage, name: string, event: unknown) {
  const target: CloudFunction | undefined = stage.cloud.scf.functions.get(fullName(stage, name));
  if (!target) throw new RehearsalError(`${name} is not deployed`);
  const { answer, log, rssBytes } = await stage.invoke(target, event);
  if (answer === undefined) throw new RehearsalError(`${name} failed:\n${log}`);
  for (const secret of stage.secrets) expectThat(!log.includes(secret), `${name} logs a secret`);
  return { answer, rssBytes };
}
