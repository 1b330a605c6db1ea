/**
 * Turns an event into a checked call: the caller, the request and all checks, before any change.
 */
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../shared/contract/errors.js";
import type { Call, UseCase } from "../../shared/ingest/services.js";
import { callUseCase, type UseCases } from "../../shared/ingest/use-cases.js";
import { checkedCall, type HttpInvocation } from "../../shared/runtime/checked-call.js";
import { newInvocation } from "../../shared/runtime/invocation.js";
import { makeServices } from "../../shared/runtime/services.js";
import { readConfig } from "../../shared/config/configuration.js";
import { type Action, ACTIONS, SCHEMAS } from "../../shared/contract/schemas.js";
import { NOW } from "../support/http/http-requests.js";
import { manualClock } from "../support/app/manual-clock.js";
import { CN_APP, INTL_APP } from "../support/contract/settings.js";
import {
  REQUIRED_OF_SCHEDULES,
  SCHEDULE_ID,
  SCHEDULE_INGEST,
} from "../support/contract/schedules.js";
import fc, { cases } from "../support/properties.js";

const FOREIGN_APP = 1600000009;
const OWN_ID = `ing-${"0".repeat(26)}`;

const config = readConfig({
  TRTC_APPS: JSON.stringify([
    { SdkAppId: INTL_APP, SecretKey: "application-secret-key" },
    { SdkAppId: CN_APP, SecretKey: "application-secret-key", Site: "cn" },
    { SdkAppId: FOREIGN_APP, SecretKey: "application-secret-key" },
  ]),
  CALLERS: JSON.stringify([
    { Id: "both", SecretKeys: ["the-key-of-both-sites"], SdkAppIds: [INTL_APP, CN_APP] },
    { Id: "intl", SecretKeys: ["the-key-of-intl-only"], SdkAppIds: [INTL_APP] },
  ]),
});

const untouchable = () => Promise.reject(new Error("the database was touched"));

const services = makeServices({
  config,
  database: { query: untouchable, transaction: untouchable, close: untouchable },
  clock: manualClock(NOW),
  log: () => undefined,
});

/** Replaces each action, and returns the call that it got. */
const shown: UseCase<Action> = (_, { caller, request, application, region }: Call<Action>) =>
  Promise.resolve({ caller: caller.Id, request, app: application?.SdkAppId, region });

const everyAction = Object.fromEntries(ACTIONS.map((action) => [action, shown])) as UseCases;

const KEYS = { both: "the-key-of-both-sites", intl: "the-key-of-intl-only" };

interface Asked {
  caller?: keyof typeof KEYS;
  headers?: Record<string, string>;
}

const eventOf = (action: Action, body: unknown, { caller = "both", headers = {} }: Asked = {}) => ({
  httpMethod: "POST",
  path: "/",
  headers: {
    authorization: `Bearer ${KEYS[caller]}`,
    "content-type": "application/json",
    "x-tc-action": action,
    ...headers,
  },
  body: JSON.stringify(body),
});

function check(event: unknown) {
  const invocation = newInvocation("api", undefined) as HttpInvocation;
  const { line } = invocation;
  try {
    const call = checkedCall(event, { services, useCases: everyAction, invocation });
    return { line, run: () => callUseCase(services, everyAction, call) };
  } catch (error) {
    if (error instanceof ApiError) return { line, code: error.code };
    throw error;
  }
}

const start = (fields: object, asked?: Asked) =>
  check(
    eventOf(
      "StartStreamIngest",
      { RoomId: "1", StreamUrl: "https://a.example/", ...fields },
      asked,
    ),
  );

describe("the application decides the site, and the site decides the fields", () => {
  test("of the Chinese site", async () => {
    const fields = { SdkAppId: CN_APP, Volume: 200, Tempo: 1.5 };
    expect(await start(fields).run?.()).toMatchObject({ app: CN_APP, request: fields });
  });

  test("of the international site", () => {
    expect(start({ SdkAppId: INTL_APP, Volume: 101 }).code).toBe("InvalidParameter.OutOfRange");
    expect(start({ SdkAppId: INTL_APP, Tempo: 1.5 }).code).toBe("UnknownParameter");
  });

  test("and the caller's only application is used when none is named", async () => {
    expect(start({ Tempo: 1.5 }, { caller: "intl" }).code).toBe("UnknownParameter");
    expect(await start({}, { caller: "intl" }).run?.()).toMatchObject({ app: INTL_APP });
  });

  test("and a caller of several applications must name one", () => {
    expect(start({}).code).toBe("MissingParameter.SdkAppId");
  });
});

describe("a grant", () => {
  const REQUIRED: Record<Action, object> = {
    StartStreamIngest: { RoomId: "1", StreamUrl: "https://a.example/" },
    StopStreamIngest: { TaskId: OWN_ID },
    UpdateStreamIngest: { TaskId: OWN_ID },
    DescribeStreamIngest: { TaskId: OWN_ID },
    ListStreamIngests: {},
    DescribeIngestTimeline: { TaskId: OWN_ID },
    ...REQUIRED_OF_SCHEDULES,
  };

  const named = (action: Action, SdkAppId: number): object => {
    const isInside = "Ingest" in SCHEMAS[action].cn.properties;
    return isInside ? { Ingest: { ...SCHEDULE_INGEST, SdkAppId } } : { SdkAppId };
  };

  const NAMING = ACTIONS.filter((action) => {
    const { properties } = SCHEMAS[action].cn;
    return "SdkAppId" in properties || "Ingest" in properties;
  });

  test.each(NAMING)("does not reach another's application by %s", (action) => {
    for (const SdkAppId of [FOREIGN_APP, 1, 4294967295]) {
      const event = eventOf(action, { ...REQUIRED[action], ...named(action, SdkAppId) });
      expect(check(event).code).toBe("UnauthorizedOperation.SdkAppId");
    }
  });

  test("includes a schedule by its ScheduleId, whatever its application", async () => {
    const { run, line } = check(
      eventOf("RunIngestSchedule", REQUIRED_OF_SCHEDULES.RunIngestSchedule),
    );
    expect(await run?.()).toEqual({
      caller: "both",
      request: REQUIRED_OF_SCHEDULES.RunIngestSchedule,
    });
    expect(line).toMatchObject({ schedule: SCHEDULE_ID });
  });

  test("includes a list over all its applications", async () => {
    const { run } = check(eventOf("ListStreamIngests", {}));
    expect(await run?.()).toMatchObject({ caller: "both", request: {} });
  });
});

describe("a region", () => {
  const inRegion = (SdkAppId: number, region: string) =>
    start({ SdkAppId }, { headers: { "x-tc-region": region } });

  test("must be one of the application's site", async () => {
    expect(inRegion(INTL_APP, "ap-tokyo").code).toBe("UnsupportedRegion");
    expect(inRegion(INTL_APP, "ap-guangzhou").code).toBe("UnsupportedRegion");
    expect(await inRegion(CN_APP, "ap-guangzhou").run?.()).toMatchObject({
      region: "ap-guangzhou",
    });
  });
});

describe("an SdkAppId that is no number is refused as a wrong field, not as an internal error", () => {
  test.each([
    [{ toString: 1, valueOf: 1 }],
    [{ toString: "1600000000" }],
    [[INTL_APP]],
    [[[[INTL_APP]]]],
    [String(INTL_APP)],
    [null],
    [true],
    [1.5],
    [0],
  ])("%j", (SdkAppId) => {
    for (const caller of ["both", "intl"] as const) {
      expect(start({ SdkAppId }, { caller }).code).toBe("InvalidParameter.SdkAppId");
    }
  });

  test("and so is the deepest JSON that a body allows", () => {
    const depth = 200_000;
    const body = `{"SdkAppId":${"[".repeat(depth)}${"]".repeat(depth)},"TaskId":"task"}`;
    expect(check({ ...eventOf("StopStreamIngest", {}), body }).code).toBe(
      "InvalidParameter.SdkAppId",
    );
  });
});

describe("the log's line of a refused call", () => {
  test("has the facts known before the refusal", () => {
    const { line } = check(eventOf("StopStreamIngest", { SdkAppId: FOREIGN_APP, TaskId: OWN_ID }));
    expect(line).toMatchObject({ caller: "both", action: "StopStreamIngest", ingest: OWN_ID });
    const trtcs = eventOf("StopStreamIngest", {
      SdkAppId: INTL_APP,
      TaskId: "https://a.example/?sign=1",
    });
    expect(check(trtcs).line).not.toHaveProperty("ingest");
    const unknown = eventOf(
      "StopStreamIngest",
      {},
      { headers: { authorization: "Bearer nobody" } },
    );
    expect(check(unknown)).toMatchObject({ code: "AuthFailure.SecretIdNotFound" });
    expect(check(unknown).line).not.toHaveProperty("action");
  });

  test("has no TaskId of another form, because it may be any text", () => {
    const { line, code } = check(eventOf("StopStreamIngest", { TaskId: "t".repeat(257) }));
    expect(code).toBe("InvalidParameter.TaskId");
    expect(line).not.toHaveProperty("ingest");
  });
});

test("credentials are checked first, so a stranger learns nothing about the fields", () => {
  const broken = { ...eventOf("StopStreamIngest", {}), headers: {}, body: "{" };
  expect(check(broken).code).toBe("AuthFailure.InvalidAuthorization");
});

test.each(ACTIONS)(
  "any fields for %s are accepted or refused, without a change of prototypes",
  (action) => {
    const fields = fc.dictionary(
      fc.constantFrom("SdkAppId", "TaskId", "RoomId", "StreamUrl", "RoomIdType", "__proto__"),
      fc.oneof(
        fc.constantFrom<unknown>(INTL_APP, CN_APP, "task", 0),
        fc.jsonValue(),
        hostileObject,
      ),
    );
    fc.assert(
      fc.property(fc.oneof(fields, fc.jsonValue()), (body) => {
        const { code, run } = check(eventOf(action, body));
        expect(code === undefined).toBe(typeof run === "function");
        expect(code).not.toBe("InternalError");
      }),
      { numRuns: cases(1000) },
    );
  },
);

const hostileObject = fc.dictionary(
  fc.constantFrom("toString", "valueOf", "constructor", "length"),
  fc.jsonValue({ maxDepth: 0 }),
);
