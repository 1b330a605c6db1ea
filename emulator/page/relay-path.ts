/**
 * The addresses that the relay answers. Each names a task and an address of its media, and carries
 * a proof that the emulator wrote it. Other addresses cannot be fetched.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Task } from "../tasks/task.js";
import { roomPath } from "./room-address.js";

/** A key of this process. After a restart an open page gets new addresses with its next answer. */
const KEY = randomBytes(32);

export function relayPath(task: Task, url: string): string {
  const query = new URLSearchParams({ task: task.taskId, url, proof: proofOf(task, url) });
  return `${roomPath(task, "/media")}&${query.toString()}`;
}

/** Checks whether the address was written for this task and its current StreamUrl. */
export function isProven(task: Task, { url, proof }: { url: string; proof: string }): boolean {
  const [expected, given] = [Buffer.from(proofOf(task, url)), Buffer.from(proof)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const proofOf = ({ taskId, sourceVersion }: Task, url: string): string =>
  createHmac("sha256", KEY)
    .update(JSON.stringify([taskId, sourceVersion, url]))
    .digest("base64url");
