/** The answers in the OpenAPI document equal the answers of the use cases. */
import { describe, expect, test } from "@jest/globals";
import type { Static, TObject } from "@sinclair/typebox";
import { listPrices } from "../../shared/config/money/prices.js";
import { answerWith, refuseWith } from "../../shared/runtime/envelope.js";
import { ApiError } from "../../shared/contract/errors.js";
import type { TimelineAnswer } from "../../shared/contract/timeline.js";
import type { ListAnswer } from "../../shared/ingest/list.js";
import { present, type PresentedIngest } from "../../shared/ingest/present.js";
import type { StartAnswer } from "../../shared/ingest/start/start-answer.js";
import type { UpdateAnswer } from "../../shared/ingest/update/update.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { type ANSWERS, INGEST } from "../../shared/contract/answers.js";
import { faults } from "../support/contract/openapi-document.js";

type Answers = { [A in keyof typeof ANSWERS]: Static<(typeof ANSWERS)[A]> };
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Holds<T extends true> = T;

/** Does not compile when a use case and its schema differ. */
export type Agreements = [
  Holds<Same<StartAnswer, Answers["StartStreamIngest"]>>,
  Holds<Same<UpdateAnswer, Answers["UpdateStreamIngest"]>>,
  Holds<Same<PresentedIngest, Answers["DescribeStreamIngest"]>>,
  Holds<Same<ListAnswer, Answers["ListStreamIngests"]>>,
  Holds<Same<TimelineAnswer, Answers["DescribeIngestTimeline"]>>,
];

const at = (time: string) => new Date(`2026-01-01T${time}Z`);

const NOW = at("12:30:00");

const STARTING: Ingest = {
  taskId: "ing-01kdvz1m00abcdefghjkmnpqrs",
  callerId: "backend",
  account: "intl",
  site: "intl",
  region: "ap-singapore",
  sdkAppId: 1600000000,
  roomId: "room",
  roomIdType: 0,
  robotUserId: "robot_01kdvz1m00abcdefghjkmnpqrs",
  play: { StreamUrl: "https://media.example/clip.mp4" },
  clientToken: "token secret-token",
  requestHash: "hash",
  state: "starting",
  endReason: null,
  failureCode: null,
  failureMessage: null,
  trtcTaskId: null,
  createdAt: at("12:00:00"),
  startedAt: null,
  latestAt: at("14:00:00"),
  prices: listPrices,
  deadlineAt: at("13:00:00"),
  stopAskedAt: null,
  endedAt: null,
  leaseUntil: at("12:00:30"),
  fence: 0,
  lateStartUntil: null,
  reconciledAt: null,
  lastSeenAt: null,
  emptySeconds: null,
  emptyAt: null,
  media: null,
  mediaState: null,
  mediaAt: null,
  mediaFailures: [],
  endCause: null,
  pausedAt: null,
  startsAt: null,
  startBy: null,
  asked: null,
  advanceAt: null,
  advanceLeaseUntil: null,
  advanceFence: 0,
  programme: null,
  onAir: null,
  stepAt: null,
  stepLeaseUntil: null,
  stepFence: 0,
  sequence: null,
  successorOf: null,
  occurrence: null,
};
const RUNNING: Ingest = {
  ...STARTING,
  state: "running",
  play: { ...STARTING.play, RepeatNum: -1, Volume: 50 },
  trtcTaskId: "-gCTFWtU7t7DUlo7A8IswFszO9z2O+rbERqJAoK..",
  startedAt: at("12:00:01"),
  leaseUntil: null,
};
const ended = (endReason: Ingest["endReason"]): Ingest => ({
  ...RUNNING,
  state: "ended",
  endReason,
  endedAt: at("13:00:00.123"),
});
const ROWS: [what: string, row: Ingest][] = [
  ["starting", STARTING],
  ["running", RUNNING],
  ["stopping", { ...RUNNING, state: "stopping", endReason: "expired" }],
  ["stopped", ended("stopped")],
  ["expired", ended("expired")],
  ["finished", ended("finished")],
  ["lost", ended("lost")],
  [
    "refused by TRTC",
    {
      ...STARTING,
      state: "ended",
      endReason: "failed",
      endedAt: at("12:00:01"),
      failureCode: "FailedOperation.NotAllowed",
      failureMessage: "not allowed",
    },
  ],
];

/**
 * Open in the document, because answers may gain fields. Closed here, so that none is forgotten.
 */
const closed = (schema: TObject): object => ({ ...schema, additionalProperties: false });

describe("an ingest's answer fits the OpenAPI document", () => {
  test.each(ROWS)("%s", (_, row) => {
    expect(faults(closed(INGEST), present(row, NOW))).toEqual([]);
  });

  test("and not with a missing or additional field", () => {
    const { Deadline: _, ...shorter } = present(RUNNING, NOW);
    expect(faults(closed(INGEST), shorter)).not.toEqual([]);
    expect(faults(closed(INGEST), { ...present(RUNNING, NOW), Colour: 1 })).not.toEqual([]);
    expect(faults(closed(INGEST), { ...present(RUNNING, NOW), State: "lost" })).not.toEqual([]);
  });

  test("and hides hashes, leases and signed parts of URLs", () => {
    expect(JSON.stringify(ROWS.map(([, row]) => present(row, NOW)))).not.toMatch(/hash|lease/i);
    expect(present(STARTING, NOW)).toMatchObject({ ClientToken: "secret-token" });
    const clientToken = "signature 0123456789";
    expect(present({ ...STARTING, clientToken }, NOW)).toMatchObject({ ClientToken: null });
  });
});

describe("an answer in its envelope fits the OpenAPI document", () => {
  const sent = (answer: object): unknown => JSON.parse(answerWith(answer, "request").body);
  const shown = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const TaskId = STARTING.taskId;
  const Deadline = "2026-01-01T13:00:00.000Z";

  test.each<[string, object]>([
    ["StartStreamIngest", { TaskId, TrtcTaskId: "a+b-c.", UserId: "robot_1", Deadline }],
    ["StopStreamIngest", {}],
    ["UpdateStreamIngest", { Status: "InProgress", Deadline }],
    ["DescribeStreamIngest", present(RUNNING, NOW)],
    ["ListStreamIngests", { Ingests: ROWS.map(([, row]) => present(row, NOW)), NextCursor: null }],
    ["ListStreamIngests", { Ingests: [], NextCursor: "aW5nLTAx" }],
  ])("%s", (action, answer) => {
    expect(faults(shown(`${action}Answer`), sent(answer))).toEqual([]);
    expect(faults(shown("ErrorAnswer"), sent(answer))).not.toEqual([]);
  });

  test("a refusal, with a code of the table and with one that TRTC adds tomorrow", () => {
    for (const code of ["InvalidAction", "FailedOperation.Tomorrow"]) {
      const { body } = refuseWith(new ApiError(code), { requestId: "request", isSigned: false });
      expect(faults(shown("ErrorAnswer"), JSON.parse(body))).toEqual([]);
    }
  });
});
