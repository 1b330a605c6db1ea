/** An update with a Sequence takes effect only after every smaller number, in the row and at TRTC. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import { openUpdateCalls, outdatedBy, type UpdateCalls } from "../../support/app/update-calls.js";

let ours: UpdateCalls;

beforeAll(async () => {
  ours = await openUpdateCalls();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

describe("an update whose Sequence is not greater than an earlier one's", () => {
  test.each([5, 7])("changes nothing, and TRTC hears nothing of %i after 7", async (Sequence) => {
    const { update, task, row } = await ours.started();
    await update({ Volume: 70, Sequence: 7 });
    const made = ours.calls();

    const late = update({ Volume: 50, Sequence });

    await expect(late).rejects.toMatchObject(outdatedBy(7, Sequence));
    expect(ours.calls()).toBe(made);
    expect(await task()).toMatchObject({ volume: 70 });
    expect(await row()).toMatchObject({ sequence: 7, play: { Volume: 70 } });
  });

  test("moves no deadline", async () => {
    const { update, row } = await ours.started({ MaxDuration: 60 });
    await update({ MaxDuration: 50, Sequence: 7 });
    const { deadlineAt } = await row();

    const late = update({ MaxDuration: 40, Sequence: 6 });

    await expect(late).rejects.toMatchObject(outdatedBy(7, 6));
    expect(await row()).toMatchObject({ deadlineAt });
  });

  test("changes nothing of a scheduled ingest, and the number counts after its start", async () => {
    const StartTime = addMs(ours.clock.now(), 60 * MINUTE_MS).toISOString();
    const { update, row } = await ours.started({ StartTime });
    await update({ Volume: 70, Sequence: 7 });

    const late = update({ Volume: 50, Sequence: 5 });

    await expect(late).rejects.toMatchObject(outdatedBy(7, 5));
    await update({ Volume: 80, Sequence: 8 });
    await update({ StartTime: addMs(ours.clock.now(), 90 * MINUTE_MS).toISOString() });
    expect(await row()).toMatchObject({ sequence: 8, play: { Volume: 80 } });
  });

  test("changes nothing of a scheduled ingest when the newer one came after the first look", async () => {
    const StartTime = addMs(ours.clock.now(), 60 * MINUTE_MS).toISOString();
    const { update, begin, row } = await ours.started({ StartTime });
    const overtaken = ours.beforeStore("scheduled", "markUpdated", () =>
      begin({ Volume: 70, Sequence: 7 }),
    );

    const late = update({ Volume: 50, Sequence: 5 }, { by: overtaken });

    await expect(late).rejects.toMatchObject(outdatedBy(7, 5));
    expect(await row()).toMatchObject({ sequence: 7, play: { Volume: 70 } });
  });
});

describe("an update", () => {
  test.each([0, Number.MAX_SAFE_INTEGER])("takes %i as its first Sequence", async (Sequence) => {
    const { update, row } = await ours.started();

    await update({ Volume: 70, Sequence });

    expect(await row()).toMatchObject({ sequence: Sequence, play: { Volume: 70 } });
  });

  test("without a Sequence always takes effect, and leaves the number as it is", async () => {
    const { update, row, task } = await ours.started();
    await update({ Volume: 70, Sequence: 7 });

    await update({ Volume: 50 });

    expect(await task()).toMatchObject({ volume: 50 });
    expect(await row()).toMatchObject({ sequence: 7, play: { Volume: 50 } });
  });
});

describe("the same update sent again", () => {
  test("with its ClientToken is a success, also after a newer one", async () => {
    const { update, task } = await ours.started();
    const first = { Volume: 70, Sequence: 7, ClientToken: "seven" };
    await update(first);
    expect(await update(first)).toMatchObject({ Status: "InProgress" });
    await update({ Volume: 80, Sequence: 8 });
    const made = ours.calls();

    expect(await update(first)).toMatchObject({ Status: "InProgress" });

    expect(ours.calls()).toBe(made);
    expect(await task()).toMatchObject({ volume: 80 });
  });

  test("with its signature is a success without a call, within a second and later", async () => {
    const { update, task } = await ours.started();
    const second = 1767225600;
    const sent = (traceId: string) => ({ signature: "tc3 7", signing: { second, traceId } });
    await update({ Volume: 70, Sequence: 7 }, sent("one"));
    const made = ours.calls();

    await update({ Volume: 70, Sequence: 7 }, sent("two"));
    await update({ Volume: 80, Sequence: 8 }, { signature: "tc3 8", signing: { second } });
    await ours.clock.advance(MINUTE_MS);
    await update({ Volume: 70, Sequence: 7 }, sent("three"));

    expect(ours.calls()).toBe(made + 1);
    expect(await task()).toMatchObject({ volume: 80 });
  });

  test("takes effect when TRTC refused it the first time", async () => {
    const { update, task, row } = await ours.started();
    const first = { Volume: 70, Sequence: 7, ClientToken: "refused" };
    ours.app.trtc.next("UpdateStreamIngest", "http-502");
    await expect(update(first)).rejects.toMatchObject({ retry: true });
    expect(await row()).toMatchObject({ sequence: null, stepLeaseUntil: null });

    await update(first);

    expect(await task()).toMatchObject({ volume: 70 });
  });
});
