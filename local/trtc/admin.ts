/** The emulator's own endpoints, under `/_emulator/`: the truth, and its switches. JSON throughout. */
import { ApiError } from "../../shared/errors.js";
import { readSwitches, type Switches } from "./switches.js";
import { truthOf } from "./truth.js";
import type { World } from "./world.js";

export interface JsonAnswer {
  status: number;
  body: unknown;
}

const ok = (body: unknown): JsonAnswer => ({ status: 200, body });

export const notFound: JsonAnswer = { status: 404, body: { error: "There is nothing here." } };

export const notAllowed = (methods: string): JsonAnswer => ({
  status: 405,
  body: { error: `Send ${methods}.` },
});

export function answerAdmin(
  world: World,
  { method, path, body }: { method: string; path: string; body: Buffer },
): JsonAnswer {
  if (path === "/_emulator/switches" && method === "PUT") return replaceSwitches(world, body);
  const read = READS[path];
  if (!read) return notFound;
  if (method === "GET") return ok(read(world));
  return notAllowed(path === "/_emulator/switches" ? "GET or PUT" : "GET");
}

const READS: Readonly<Record<string, (world: World) => unknown>> = {
  "/_emulator/health": () => ({ status: "ok" }),
  "/_emulator/tasks": (world) => ({ tasks: allTruths(world) }),
  "/_emulator/calls": ({ callLog }) => ({ calls: callLog.counts() }),
  "/_emulator/switches": ({ switches }): Switches => switches.read(),
};

export const allTruths = ({ tasks, clock }: World) => {
  const now = clock.now();
  return tasks.all().map((task) => truthOf(task, now));
};

function replaceSwitches({ switches }: World, body: Buffer): JsonAnswer {
  try {
    switches.replace(readSwitches(JSON.parse(body.toString())));
    return ok(switches.read());
  } catch (error) {
    const text = error instanceof ApiError ? error.message : "The body is no JSON.";
    return { status: 400, body: { error: text } };
  }
}
