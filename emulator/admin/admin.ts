/**
 * The emulator's own endpoints under `/_emulator/`, in JSON. They show what is true and control the
 * emulator.
 */
import { randomUUID } from "node:crypto";
import { ApiError } from "../../shared/contract/errors.js";
import { clockTruth, readMove } from "./clock-endpoint.js";
import { readFaults } from "../faults/fault.js";
import { isJson } from "../api/foreign.js";
import { readSwitches } from "./switches.js";
import { endTask } from "../tasks/task.js";
import { truthOf } from "../tasks/truth.js";
import type { World } from "../world.js";

export interface JsonAnswer {
  status: number;
  body: unknown;
}

export const notFound: JsonAnswer = { status: 404, body: { error: "There is nothing here." } };

export const notAllowed = (methods: string): JsonAnswer => ({
  status: 405,
  body: { error: `Send ${methods}.` },
});

/** The handler of each method. `json` reads the body. Throws an ApiError for a wrong body. */
type Methods = Readonly<Record<string, (world: World, json: () => unknown) => unknown>>;

const ENDPOINTS: Readonly<Record<string, Methods>> = {
  "/_emulator/health": { GET: () => ({ status: "ok" }) },
  "/_emulator/tasks": { GET: (world) => ({ tasks: allTruths(world) }) },
  "/_emulator/calls": { GET: ({ callLog }) => ({ calls: callLog.counts() }) },
  "/_emulator/callbacks": { GET: ({ callbacks }) => ({ callbacks: callbacks.all() }) },
  "/_emulator/switches": {
    GET: ({ switches }) => switches.read(),
    PUT({ switches }, json) {
      switches.replace(readSwitches(json()));
      return switches.read();
    },
  },
  "/_emulator/faults": {
    GET: ({ faults }) => ({ faults: faults.list() }),
    POST({ faults }, json) {
      faults.add(...readFaults(json()));
      return { faults: faults.list() };
    },
    DELETE({ faults }) {
      faults.clear();
      return { faults: [] };
    },
  },
  "/_emulator/clock": {
    GET: ({ clock }) => clockTruth(clock),
    POST(world, json) {
      const { clock, endWatch } = world;
      const move = readMove(json(), clock.now());
      if (move === "reset") beginAnew(world);
      else clock.advance(move);
      // Reports every task that has ended by now before the answer leaves.
      endWatch.reportDue();
      return clockTruth(clock);
    },
  },
  "/_emulator/instance": {
    GET: ({ clock, instance }) => ({ id: instance.id, ...clockTruth(clock) }),
  },
};

interface AdminRequest {
  method: string;
  path: string;
  body: Buffer;
  /** The Content-Type of the body. */
  type: string | undefined;
}

const notJson: JsonAnswer = {
  status: 415,
  body: { error: "Send JSON with the header Content-Type: application/json." },
};

export function answerAdmin(world: World, { method, path, body, type }: AdminRequest): JsonAnswer {
  const methods = Object.hasOwn(ENDPOINTS, path) ? ENDPOINTS[path] : undefined;
  if (!methods) return notFound;
  const answer = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!answer) return notAllowed(Object.keys(methods).join(" or "));
  if (method === "POST" && !isJson(type)) return notJson;
  try {
    return { status: 200, body: answer(world, () => parse(body)) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { status: 400, body: { error: error.message } };
  }
}

/**
 * Works as a restart: it removes all tasks and resets the clock. Watched tasks still report their
 * end.
 */
function beginAnew({ clock, tasks, instance }: World): void {
  for (const { taskId } of tasks.live()) {
    tasks.changeLive(taskId, (task, now) => endTask(task, "stopped", now));
  }
  tasks.clear();
  clock.reset();
  instance.id = randomUUID();
  instance.onReset?.();
}

export const allTruths = ({ tasks, clock }: World) => {
  const now = clock.now();
  return tasks.all().map((task) => truthOf(task, now));
};

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new ApiError("InvalidParameter", "The body is not JSON.");
  }
}
