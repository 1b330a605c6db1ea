/** Ids of ingests and the names of their robots. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { addMs } from "../../shared/clock.js";
import { newIngestIds } from "../../shared/ingest/ids.js";
import { FIELDS } from "../../shared/contract/fields.js";

const at = new Date("2026-01-01T12:00:00Z");
const bytes = (value: number) => (size: number) => new Uint8Array(size).fill(value);

/** 48 bits of milliseconds last until the year 10889. */
const instants = fc.integer({ min: 0, max: 2 ** 48 - 2 }).map((ms) => new Date(ms));

describe("a TaskId", () => {
  test("is `ing-` and a ULID: 26 letters and digits, without i, l, o and u", () => {
    fc.assert(
      fc.property(instants, (createdAt) => {
        const { taskId } = newIngestIds(createdAt, randomBytes);
        expect(taskId).toMatch(/^ing-[0-9a-hjkmnp-tv-z]{26}$/);
        expect(taskId).toMatch(new RegExp(FIELDS.intl.TaskId.pattern ?? "", "u"));
      }),
    );
  });

  test("is the specification's ULID for a given time and bytes", () => {
    const { taskId } = newIngestIds(new Date(1469918176385), bytes(0));
    expect(taskId).toBe("ing-01aryz6s410000000000000000");
  });

  test("sorts by time, for neighbouring milliseconds and random times", () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: 1, max: 1e12 }), (createdAt, laterMs) => {
        const later = new Date(Math.min(createdAt.getTime() + laterMs, 2 ** 48 - 1));
        const one = newIngestIds(createdAt, bytes(255)).taskId;
        const other = newIngestIds(later, bytes(0)).taskId;
        expect(one < other).toBe(true);
      }),
    );
    expect(newIngestIds(at, bytes(255)).taskId < newIngestIds(addMs(at, 1), bytes(0)).taskId).toBe(
      true,
    );
  });

  test("cannot be guessed, because each of its 80 bits is random", () => {
    const asked: number[] = [];
    newIngestIds(at, (size) => {
      asked.push(size);
      return new Uint8Array(size);
    });
    expect(asked).toEqual([10]);
    const none = newIngestIds(at, bytes(0)).taskId;
    const seen = new Set([none]);
    for (let bit = 0; bit < 80; bit += 1) {
      const one = (size: number) => {
        const value = new Uint8Array(size);
        value[bit >> 3] = 1 << (bit & 7);
        return value;
      };
      seen.add(newIngestIds(at, one).taskId);
    }
    expect(seen.size).toBe(81);
    expect(newIngestIds(at, bytes(255)).taskId.slice(-16)).toBe("z".repeat(16));
  });

  test("is different each time", () => {
    const many = Array.from({ length: 10_000 }, () => newIngestIds(at, randomBytes).taskId);
    expect(new Set(many).size).toBe(many.length);
  });
});

describe("a robot", () => {
  test("has a name that is a valid UserId of at most 32 characters", () => {
    fc.assert(
      fc.property(instants, (createdAt) => {
        const { robotUserId } = newIngestIds(createdAt, randomBytes);
        expect(robotUserId).toMatch(/^[A-Za-z0-9_]{1,32}$/);
        expect(robotUserId).toMatch(new RegExp(FIELDS.cn.UserId.pattern ?? "", "u"));
      }),
    );
  });

  test("has its ingest's id in its name", () => {
    const { taskId, robotUserId } = newIngestIds(at, randomBytes);
    expect(robotUserId).toBe(taskId.replace("ing-", "robot_"));
  });
});
