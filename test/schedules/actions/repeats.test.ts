/** Requests that are sent again: a ClientToken and a signature name a request. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs } from "../../../shared/clock.js";
import { KEY, SECRET_ID } from "../../support/app/test-app.js";
import { post, signedTc3 } from "../../support/http/http-requests.js";
import {
  openSchedulesApp,
  OTHER,
  type SchedulesApp,
} from "../../support/schedules/schedules-app.js";

let app: SchedulesApp;
beforeAll(async () => {
  app = await openSchedulesApp();
});
beforeEach(async () => {
  await app.clear();
});
afterAll(() => app.app.close());

const anotherRequest = {
  Code: "InvalidParameterValue",
  Message: expect.stringMatching(/^ClientToken was sent before with another request/),
};

test("a create with a known token answers the same schedule, also when it is refused by now", async () => {
  const body = app.fields({
    Windows: [{ StartAt: "2026-01-10T10:00", DurationSeconds: 60 }],
    ClientToken: "create-1",
  });

  const { ScheduleId } = await app.right("CreateIngestSchedule", body);
  expect((await app.right("CreateIngestSchedule", body)).ScheduleId).toBe(ScheduleId);
  app.jumpTo("2026-01-11T00:00:00Z");
  expect((await app.right("CreateIngestSchedule", body)).ScheduleId).toBe(ScheduleId);

  const other = { ...body, Name: "another" };
  expect(await app.refusal("CreateIngestSchedule", other)).toEqual(anotherRequest);
  expect((await app.right("ListIngestSchedules", {}))["Schedules"]).toHaveLength(1);
});

test("the same token is another request of another caller", async () => {
  const body = app.fields({ ClientToken: "create-2" });

  const mine = await app.right("CreateIngestSchedule", body);
  const theirs = await app.right("CreateIngestSchedule", body, OTHER);

  expect(theirs.ScheduleId).not.toBe(mine.ScheduleId);
});

test("a token whose schedule is deleted creates no other one", async () => {
  const body = app.fields({ ClientToken: "create-3" });
  const { ScheduleId } = await app.right("CreateIngestSchedule", body);
  await app.right("DeleteIngestSchedule", { ScheduleId });

  expect(await app.refusal("CreateIngestSchedule", body)).toMatchObject({
    Code: "ResourceNotFound",
    Message: expect.stringMatching(/has been deleted: send a new ClientToken/),
  });
});

test("two creates at once with one token make one schedule", async () => {
  const body = app.fields({ ClientToken: "create-4" });

  const both = await Promise.all([1, 2].map(() => app.right("CreateIngestSchedule", body)));

  expect(new Set(both.map(({ ScheduleId }) => ScheduleId)).size).toBe(1);
});

test("an update with a known token never undoes a newer one", async () => {
  const { ScheduleId } = await app.create();
  const pause = { ScheduleId, State: "Paused", ClientToken: "update-1" };

  await app.right("UpdateIngestSchedule", pause);
  await app.right("UpdateIngestSchedule", { ScheduleId, State: "Enabled" });
  const repeated = await app.right("UpdateIngestSchedule", pause);

  expect(repeated["State"]).toBe("Enabled");
  const other = { ...pause, Comment: "another" };
  expect(await app.refusal("UpdateIngestSchedule", other)).toEqual(anotherRequest);
});

/** Each call sends the same bytes. */
function sendSigned(action: string, fields: object, at = app.clock.now()) {
  const headers = { host: new URL(app.app.url).host, "x-tc-action": action };
  const message = post(JSON.stringify(fields), headers);
  const signer = { secretId: SECRET_ID, secretKey: KEY, at };
  const { host: _, ...signed } = signedTc3(message, signer).headers;
  return async (more: Record<string, string> = {}) =>
    (await app.app.post("schedules", fields, { ...signed, ...more })).response;
}

describe("equal signed updates of one second", () => {
  async function updates() {
    const { ScheduleId } = await app.create();
    const at = app.clock.now();
    const set = (State: string) => sendSigned("UpdateIngestSchedule", { ScheduleId, State }, at);
    const state = async () => (await app.right("DescribeIngestSchedule", { ScheduleId }))["State"];
    return { ScheduleId, pause: set("Paused"), resume: set("Enabled"), state };
  }
  const traced = (id: number) => ({ "x-tc-traceid": `trace-${id}` });

  test.each([
    ["an X-TC-TraceId each", traced],
    ["nothing that tells them apart", () => ({})],
  ])("with %s take effect in their order", async (_, each) => {
    const { pause, resume, state } = await updates();
    const answers = [await pause(each(1)), await resume(each(2)), await pause(each(3))];
    expect(answers.map(({ Error }) => Error)).toEqual([undefined, undefined, undefined]);
    expect(await state()).toBe("Paused");
    expect((await resume(each(4))).Error).toBeUndefined();
    expect(await state()).toBe("Enabled");
  });

  test("with the same X-TC-TraceId are the same update", async () => {
    const { pause, resume, state } = await updates();
    await pause(traced(1));
    await resume(traced(2));
    expect(await pause(traced(1))).toMatchObject({ State: "Enabled" });
    expect(await state()).toBe("Enabled");
  });

  test("change nothing over two seconds after the first, and are no success", async () => {
    const { pause, resume, state } = await updates();
    await pause(traced(1));
    await resume(traced(2));
    await app.clock.advance(2001);
    expect((await pause(traced(3))).Error?.Code).toBe("FailedOperation");
    expect(await state()).toBe("Enabled");
  });

  test.each<[string, (schedule: Awaited<ReturnType<typeof updates>>) => Promise<unknown>]>([
    [
      "by Bearer",
      ({ ScheduleId }) => app.right("UpdateIngestSchedule", { ScheduleId, State: "Enabled" }),
    ],
    [
      "in the next second",
      ({ ScheduleId }) => {
        const at = addMs(app.clock.now(), 1000);
        return sendSigned("UpdateIngestSchedule", { ScheduleId, State: "Enabled" }, at)();
      },
    ],
    [
      "with a ClientToken",
      ({ ScheduleId }) => {
        const fields = { ScheduleId, State: "Enabled", ClientToken: "resume" };
        return sendSigned("UpdateIngestSchedule", fields)();
      },
    ],
  ])("change nothing after an update %s", async (_, resumed) => {
    const schedule = await updates();
    await schedule.pause(traced(1));
    await resumed(schedule);
    expect((await schedule.pause(traced(2))).Error?.Code).toBe("FailedOperation");
    expect(await schedule.state()).toBe("Enabled");
  });
});

test("a signed update without a token never undoes a newer one when it is sent again", async () => {
  const { ScheduleId } = await app.create();
  const again = sendSigned("UpdateIngestSchedule", { ScheduleId, State: "Paused" });

  expect(await again()).toMatchObject({ ScheduleId, State: "Paused" });
  expect(await again()).toMatchObject({ ScheduleId, State: "Paused" });
  await app.right("UpdateIngestSchedule", { ScheduleId, State: "Enabled" });

  expect((await again()).Error).toEqual({
    Code: "FailedOperation",
    Message: expect.stringMatching(
      /^An update with this signature took effect before .*sign it anew/,
    ),
  });
  expect(await app.right("DescribeIngestSchedule", { ScheduleId })).toMatchObject({
    State: "Enabled",
  });
});

test("a refused update leaves its token free", async () => {
  const { ScheduleId } = await app.create();
  const token = { ScheduleId, ClientToken: "update-2" };

  await app.refusal("UpdateIngestSchedule", { ...token, TimeZone: "Mars" });
  const updated = await app.right("UpdateIngestSchedule", { ...token, TimeZone: "Asia/Tokyo" });

  expect(updated["TimeZone"]).toBe("Asia/Tokyo");
});

test("a signed run is answered again while it plays, and is no success after its end", async () => {
  const { ScheduleId, body } = await app.create();
  const send = sendSigned("RunIngestSchedule", { ScheduleId, DurationSeconds: 600 });
  const again = () => app.clock.advanceUntilDone(send());

  const { TaskId } = await again();
  expect(await again()).toMatchObject({ TaskId, State: "Running" });
  await app.clock.advanceUntilDone(app.app.post("stop-ingest", { TaskId }));

  expect((await again()).Error).toEqual({
    Code: "FailedOperation.TaskFinished",
    Message: expect.stringMatching(
      /^What this signature started is over \(stopped\).*sign .* anew/,
    ),
  });
  expect(await app.tasks(body.Ingest.RoomId)).toHaveLength(1);
});

test("a run with a ClientToken says after its end what became of it", async () => {
  const { ScheduleId } = await app.create();
  const run = { ScheduleId, DurationSeconds: 600, ClientToken: "run-2" };
  const { TaskId } = await app.right("RunIngestSchedule", run);
  await app.clock.advanceUntilDone(app.app.post("stop-ingest", { TaskId }));

  expect(await app.right("RunIngestSchedule", run)).toMatchObject({ TaskId, Reason: "stopped" });
});
