/**
 * Every field of every action on both sites, against the ranges of TRTC's API pages. The figures
 * are written out here, so a schema that drifts from the pages fails.
 */
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../shared/contract/errors.js";
import { checkRequest } from "../../shared/contract/check.js";
import { type Action, ACTIONS, SCHEMAS } from "../../shared/contract/schemas.js";
import { type Site, SITES } from "../../shared/contract/sites.js";
import { choice, type Field, flag, number, printable } from "../support/contract/field-values.js";
import { SCHEDULE_CONTRACT } from "../support/contract/schedule-values.js";
import { REQUIRED_OF_SCHEDULES } from "../support/contract/schedules.js";
import {
  deadline,
  edits,
  roomFilter,
  schedule,
  SdkAppId,
  start,
  StreamUrl,
  TaskId,
  Tempo,
  Volume,
} from "../support/contract/start-values.js";

const update = (site: Site) => ({
  SdkAppId,
  TaskId,
  StreamUrl,
  Volume: Volume[site],
  IsPause: flag,
  Sequence: number(0, 9_007_199_254_740_991),
  ...edits(site),
  ClientToken: printable(64, { space: true }),
  ...schedule,
  ...deadline,
});

const named = { SdkAppId, TaskId };

const timeline = { ...named, Limit: number(1, 100), Cursor: printable(128, { space: false }) };

const list = {
  ...roomFilter,
  State: choice(["starting", "running", "stopping", "ended"], ["Running", "lost", "", 1]),
  EndReason: choice(
    ["stopped", "expired", "finished", "failed", "lost", "empty"],
    ["Stopped", "ended", "", 1],
  ),
  MediaState: choice(["connecting", "playing", "retrying", "failed"], ["Playing", "lost", "", 1]),
  ClientToken: printable(64, { space: true }),
  Limit: number(1, 100),
  Cursor: printable(128, { space: false }),
};

const CONTRACT: Record<Action, Record<Site, Record<string, Field>>> = {
  StartStreamIngest: {
    intl: start("intl"),
    cn: { ...start("cn"), EnableProgress: flag, Tempo, IdleTimeout: number(0, 600) },
  },
  StopStreamIngest: { intl: named, cn: named },
  UpdateStreamIngest: {
    intl: update("intl"),
    cn: { ...update("cn"), EnableProgress: flag, Tempo },
  },
  DescribeStreamIngest: { intl: named, cn: named },
  ListStreamIngests: { intl: list, cn: list },
  DescribeIngestTimeline: { intl: timeline, cn: timeline },
  ...SCHEDULE_CONTRACT,
};

const REQUIRED: Record<Action, Record<string, unknown>> = {
  StartStreamIngest: { RoomId: "room" },
  StopStreamIngest: { TaskId: "task" },
  UpdateStreamIngest: { TaskId: "task" },
  DescribeStreamIngest: { TaskId: "task" },
  ListStreamIngests: {},
  DescribeIngestTimeline: { TaskId: "task" },
  ...REQUIRED_OF_SCHEDULES,
};

const EVERY = ACTIONS.flatMap((action) => SITES.map((site) => ({ action, site })));

describe.each(EVERY)("$action, $site", ({ action, site }) => {
  const fields = CONTRACT[action][site];
  const send = (fields: Record<string, unknown>): string => {
    try {
      checkRequest({ action, site }, { ...REQUIRED[action], ...fields });
      return "taken";
    } catch (error) {
      if (error instanceof ApiError) return error.code;
      throw error;
    }
  };

  test("has the fields that are written down here, and no others", () => {
    const inSchema = Object.keys(SCHEMAS[action][site].properties);
    expect(inSchema.sort()).toEqual(Object.keys(fields).sort());
  });

  test("accepts a request with only the required fields, and none without one", () => {
    expect(send({})).toBe("taken");
    for (const field of Object.keys(REQUIRED[action])) {
      expect(send({ [field]: undefined })).toMatch(/^MissingParameter/);
    }
  });

  test.each(Object.entries(fields))(
    "accepts the right values of %s, and refuses the others",
    (name, { takes, refuses }) => {
      for (const [what, value] of Object.entries(takes)) {
        expect({ what, outcome: send({ [name]: value }) }).toEqual({ what, outcome: "taken" });
      }
      for (const [what, value] of Object.entries(refuses)) {
        const outcome = send({ [name]: value });
        expect({ what, outcome }).toEqual({
          what,
          outcome: expect.stringMatching(/^(Invalid|Missing)Parameter/),
        });
      }
    },
  );

  test("refuses every field of the other site and of the other actions", () => {
    const all = EVERY.flatMap((each) => Object.entries(CONTRACT[each.action][each.site]));
    const foreign = all.filter(([name]) => !Object.hasOwn(fields, name));
    expect(foreign).not.toEqual([]);
    for (const [name, { takes }] of foreign) {
      for (const value of Object.values(takes)) {
        expect({ name, outcome: send({ [name]: value }) }).toEqual({
          name,
          outcome: "UnknownParameter",
        });
      }
    }
  });
});
