/** The cloud platform: runs a function for an event on a machine, and ends it at its time limit. */
import type { Zones } from "../../../shared/calendar/zones.js";
import type { Services } from "../../../shared/ingest/services.js";
import { asApiError, type ApiError } from "../../../shared/contract/errors.js";
import { ComeAgainError } from "../../../shared/runtime/event.js";
import { createModelStore } from "../model/model-store.js";
import { carryCalls } from "./calls.js";
import { clockOf, deliver, type Invocation, kill, type Machine } from "./machines.js";
import type { Random } from "../random.js";
import { readAt } from "./sources.js";
import { createSqlStore } from "./sql-store.js";
import { carryStatements, DatabaseGone } from "./statements.js";
import type { World } from "./world.js";
import type { Behind } from "./behind.js";

export type Ended<T> =
  | { kind: "answer"; answer: T }
  | { kind: "error"; error: ApiError }
  /** Killed, or over its time limit: the caller receives no answer. */
  | { kind: "nothing" };

export interface Platform {
  /** Runs the job on a random machine. */
  invoke: <T>(job: Job<T>) => Promise<Ended<T>>;
  /** An error of a use case that is not one of the project's own errors: a bug. */
  bug: () => string | undefined;
  /** Checks an error that was thrown outside an invocation. */
  judge: (thrown: unknown) => void;
}

/** A function and its work for one event. */
export interface Job<T> {
  name: string;
  limitMs: number;
  body: (services: Services, timeLeftMs: () => number) => Promise<T>;
}

/** Puts a deliberate bug into the services. A statement's bug may change the data behind the store. */
export type Patch = (services: Services, random: Random, behind: Behind) => Services;

/** How long our reader needs for the headers of a source. */
const READING_MS = [20, 600] as const;

interface Needs {
  world: World;
  behind: Behind;
  patch: Patch | undefined;
  /** The time zone data of a machine; absent: the runtime's. */
  zonesOf?: ((machine: Machine) => Zones) | undefined;
}

export function makePlatform({ world, behind, patch, zonesOf }: Needs): Platform {
  const { timeline, random, machines, config } = world;
  const startMs = timeline.nowMs();
  let invoked = 0;
  let bug: string | undefined;

  function servicesFor(invocation: Invocation): Services {
    const own = random.fork();
    const clock = clockOf(timeline, { invocation, random: own });
    const carry = carryStatements(world, invocation);
    const elapsedMs = () => clock.elapsedMs();
    const databaseNowMs = timeline.nowMs;
    const unbound =
      "tables" in behind
        ? createModelStore({ tables: behind.tables, carry, databaseNowMs, elapsedMs })
        : createSqlStore({ database: behind.database, carry, databaseNowMs, elapsedMs });
    const { name } = invocation;
    const store = unbound.by({ kind: "timer", id: name, function: name });
    const trtc = carryCalls(world, invocation);
    const randomBytes = (size: number) => own.bytes(size);
    const notifier = { send: () => Promise.reject(new Error("nobody is told anything")) };
    const storageCredential = () => ({ secretId: "AKIDstorage", secretKey: "storage" });
    const readSource: Services["readSource"] = (url) =>
      new Promise((resolve) => {
        const atMs = timeline.nowMs() + own.between(...READING_MS);
        deliver(timeline, {
          invocation,
          atMs,
          hand: () => resolve(readAt(url, timeline.nowMs() - startMs)),
        });
      });
    const rest = { notifier, readSource, storageCredential, randomBytes, log: () => undefined };
    const zones = zonesOf?.(invocation.machine);
    const services = {
      ...{ config, clock, machineClock: clock, store, trtc },
      ...rest,
      ...(zones && { zones }),
    };
    return patch ? patch(services, own, behind) : services;
  }

  function judge(thrown: unknown, by = "a use case"): void {
    const error = asApiError(thrown);
    const isOurs =
      error === thrown || thrown instanceof DatabaseGone || thrown instanceof ComeAgainError;
    if (!isOurs) bug ??= `${by}: ${error.detail ?? error.message}`;
  }

  return {
    bug: () => bug,
    judge,
    invoke: <T>({ name, limitMs, body }: Job<T>) =>
      new Promise<Ended<T>>((resolve) => {
        const machine = random.pick(machines);
        const invocation: Invocation = {
          name: `${machine.name} ${name} ${(invoked += 1)}`,
          machine,
          isDead: false,
          onDeath: () => resolve({ kind: "nothing" }),
        };
        const begin = () => {
          const endsMs = timeline.nowMs() + limitMs;
          machine.running.add(invocation);
          timeline.at(endsMs, () => kill(invocation));
          const timeLeftMs = () => endsMs - timeline.nowMs();
          const end = (ended: Ended<T>) => {
            if (invocation.isDead) return;
            invocation.onDeath = () => undefined;
            kill(invocation);
            resolve(ended);
          };
          body(servicesFor(invocation), timeLeftMs).then(
            (answer) => end({ kind: "answer", answer }),
            (thrown: unknown) => {
              judge(thrown, invocation.name);
              end({ kind: "error", error: asApiError(thrown) });
            },
          );
        };
        deliver(timeline, { invocation, atMs: timeline.nowMs(), hand: begin });
      }),
  };
}
