/** What is wrong with an ingest, in sentences. */
import { describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { troubleOf } from "../../shared/operator/trouble.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { T0 } from "../support/app/ingests.js";

describe("trouble", () => {
  const NOW = addMs(T0, 30 * SECOND_MS);
  const row = (fields: Partial<Ingest>): Ingest =>
    ({
      ...{ state: "running", deadlineAt: addMs(T0, MINUTE_MS), createdAt: T0, stopAskedAt: null },
      ...{
        emptyAt: null,
        advanceAt: null,
        startedAt: T0,
        failureCode: null,
        mediaState: "playing",
      },
      ...{ onAir: null, stepAt: null, lateStartUntil: null, endReason: null },
      ...fields,
    }) as Ingest;

  test.each<[what: string, fields: Partial<Ingest>, sentence: RegExp]>([
    ["a stop that was asked for", { stopAskedAt: T0 }, /its stop is late by 30 s/],
    [
      "a start without an answer",
      { state: "starting", createdAt: addMs(T0, -MINUTE_MS) },
      /no answer since 90 s/,
    ],
    [
      "a late scheduled start",
      { state: "starting", startedAt: null, advanceAt: T0 },
      /its start is late by 30 s/,
    ],
    [
      "a start that fails",
      {
        ...{ state: "starting", advanceAt: NOW, failureCode: "InternalError" },
        failureMessage: "see https://a.example/x?sign=s3cret",
      },
      /its start fails: InternalError: see https:\/\/a\.example\/x\?…$/,
    ],
    [
      "a source that is opened again",
      { mediaState: "retrying", mediaAt: T0 },
      /opens its source again since 30 s/,
    ],
    [
      "a source that failed",
      { mediaState: "failed", mediaAt: T0 },
      /cannot open its source since 30 s/,
    ],
    [
      "a stand-in",
      {
        onAir: { source: "backup", index: 0, round: 0, since: T0.toISOString() } as Ingest["onAir"],
      },
      /the backup plays since 30 s/,
    ],
    ["a late switch", { stepAt: T0 }, /its next switch is late by 30 s/],
    ["a lost start", { lateStartUntil: addMs(NOW, 1) }, /a lost start may still arrive/],
    ["a failed end", { state: "ended", endReason: "failed" }, /its source failed/],
    ["a lost task", { state: "ended", endReason: "lost" }, /TRTC no longer knew its task/],
  ])("is %s", (_, fields, sentence) => {
    expect(troubleOf(row(fields), NOW)).toEqual([expect.stringMatching(sentence)]);
  });

  test.each<[what: string, fields: Partial<Ingest>]>([
    ["plays", {}],
    ["was just asked to stop", { stopAskedAt: NOW }],
    ["waits for its time", { state: "starting", startedAt: null, advanceAt: addMs(NOW, 1) }],
    ["is being started", { state: "starting", startedAt: null }],
    ["was stopped", { state: "ended", endReason: "stopped" }],
  ])("is nothing of one that %s", (_, fields) => {
    expect(troubleOf(row(fields), NOW)).toEqual([]);
  });
});
