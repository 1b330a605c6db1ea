/** An edit never moves the clock of what stays on air. For any list, at any instant. */
import { describe, expect, test } from "@jest/globals";
import fc from "../../support/properties.js";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { aimAt } from "../../../shared/ingest/programme/next-step.js";
import {
  isOver,
  itemAt,
  LEAVING,
  placeAt,
  positionAt,
} from "../../../shared/ingest/programme/timeline.js";
import {
  atItem,
  type Edited,
  skipped,
  soughtTo,
  withInserted,
  withList,
} from "../../../shared/ingest/update/edits.js";
import { resumed, withRounds, withTempo } from "../../../shared/ingest/update/settings.js";
import type { Programme, ProgrammeItem } from "../../../shared/store/programmes/programme-row.js";
import { T0 } from "../../support/app/ingests.js";
import { newProgramme, onAirSince } from "../../support/app/programmes.js";

const item = (name: string, seconds = 10): ProgrammeItem => ({
  StreamUrl: `https://example.com/${name}.mp4`,
  PlaySeconds: seconds,
});

const lists = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });

/** A list that plays, and an instant at which it is not over. */
const playing = fc
  .record({
    seconds: lists,
    rounds: fc.constantFrom(-1, 1, 3),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ seconds, rounds, share }) => {
    const lastsMs = seconds.reduce((sum, each) => sum + each, 0) * SECOND_MS;
    const at = addMs(T0, Math.floor((lastsMs * Math.abs(rounds) - 1) * share));
    const items = seconds.map((each, index) => item(String(index), each));
    return { programme: newProgramme({ items, rounds }), at };
  });

/** With the item on air that the clock says. */
function inTime(programme: Programme, at: Date): Edited & { place: ReturnType<typeof place> } {
  const now = place(programme, at);
  const { index, round } = now;
  return { programme, onAir: onAirSince(now.beganAt, { index, round }), place: now };
}

function place(programme: Programme, at: Date) {
  const now = placeAt(programme, at);
  if (isOver(now)) throw new Error("the list is over");
  return now;
}

describe("the item on air", () => {
  test("stays until its end when another one is inserted, which follows", () => {
    fc.assert(
      fc.property(playing, ({ programme, at }) => {
        const before = inTime(programme, at);

        const after = withInserted(before, item("new", 7), at);

        expect(place(after.programme, at)).toEqual(before.place);
        const next = place(after.programme, before.place.endsAt ?? at);
        expect(itemAt(after.programme, next.index)).toEqual(item("new", 7));
        expect(after.onAir).toEqual(before.onAir);
      }),
    );
  });

  test("stays until its end when another list follows, from its first item on", () => {
    fc.assert(
      fc.property(playing, lists, ({ programme, at }, seconds) => {
        const before = inTime(programme, at);
        const items = seconds.map((each, index) => item(`new-${index}`, each));

        const list = { items, isList: true, rounds: 1, refresh: "AfterCurrent" as const };
        const after = withList(before, list, at);

        const { beganAt, endsAt } = before.place;
        const leaving = { index: LEAVING, round: 0 };
        expect(place(after.programme, at)).toEqual({ ...leaving, beganAt, endsAt });
        expect(after.onAir).toMatchObject(leaving);
        const first = { index: 0, round: 0, beganAt: endsAt };
        expect(place(after.programme, endsAt ?? at)).toMatchObject(first);
      }),
    );
  });

  test("stays when the number of rounds changes", () => {
    fc.assert(
      fc.property(playing, fc.constantFrom(-1, 1, 2, 9), ({ programme, at }, count) => {
        const before = inTime(programme, at);

        const after = withRounds(before, count, at);

        expect(place(after.programme, at)).toEqual(before.place);
      }),
    );
  });

  test("ends later by the length of a pause", () => {
    fc.assert(
      fc.property(playing, fc.nat(1_000_000), ({ programme, at }, pauseMs) => {
        const before = inTime(programme, at);
        const later = addMs(at, pauseMs);

        const after = resumed(before, at, later);

        const { endsAt, ...now } = before.place;
        expect(place(after.programme, later)).toMatchObject({
          index: now.index,
          round: now.round,
          endsAt: addMs(endsAt ?? at, pauseMs),
        });
      }),
    );
  });
});

describe("an item that is chosen", () => {
  test("begins at that instant, and lasts for all of its time", () => {
    fc.assert(
      fc.property(playing, fc.nat(), ({ programme, at }, drawn) => {
        const before = inTime(programme, at);
        const index = drawn % programme.items.length;

        const after = atItem(before, index, at);

        const seconds = programme.items[index]?.PlaySeconds ?? 0;
        expect(place(after.programme, at)).toMatchObject({
          index,
          round: before.place.round,
          beganAt: at,
          endsAt: addMs(at, seconds * SECOND_MS),
        });
      }),
    );
  });

  test("by a skip is the one that would have followed", () => {
    fc.assert(
      fc.property(playing, ({ programme, at }) => {
        const before = inTime({ ...programme, rounds: -1 }, at);
        const next = place(before.programme, before.place.endsAt ?? at);

        const after = skipped(before, at);

        expect(place(after.programme, at)).toMatchObject({
          index: next.index,
          round: next.round,
          beganAt: at,
        });
      }),
    );
  });
});

describe("while a switch has not come yet", () => {
  const items = ["0", "1", "2"].map((name) => item(name));

  test("an inserted item leaves what is on air what it is", () => {
    const jumped = atItem(
      { programme: newProgramme({ items }), onAir: onAirSince(T0, { index: 2 }) },
      0,
      T0,
    );

    const { programme, onAir } = withInserted(jumped, item("new"), T0);

    expect(itemAt(programme, onAir?.index ?? 0)).toEqual(item("2"));
  });

  test("an item that is chosen anew has no failures", () => {
    const at = T0.toISOString();
    const primary = { at, times: 1, nextAt: null, healthySince: null };
    const failing = { ...onAirSince(T0), failed: { primary } };

    const { programme, onAir } = atItem(
      { programme: newProgramme({ items }), onAir: failing },
      0,
      T0,
    );

    expect(onAir && aimAt(programme, onAir, T0)).toMatchObject({
      kind: "play",
      target: { source: "primary", index: 0 },
    });
  });
});

describe("the position in an item", () => {
  const clip = { StreamUrl: "https://example.com/clip.mp4", LengthSeconds: 40 };
  const chosen = fc.record({
    RepeatNum: fc.constantFrom(1, 3),
    SeekSecond: fc.constantFrom(0, 5),
    Tempo: fc.constantFrom(0.5, 1, 2),
    passedMs: fc.nat(15_000),
    second: fc.integer({ min: 0, max: 39 }),
  });

  test("is the second that a seek asks for, also before the item's own SeekSecond", () => {
    fc.assert(
      fc.property(chosen, ({ passedMs, second, ...fields }) => {
        const sought = { ...clip, ...fields };
        const before = newProgramme({ items: [sought] });
        const at = addMs(T0, passedMs);

        const { programme, onAir } = soughtTo(inTime(before, at), second, at);

        const { beganAt } = place(programme, at);
        expect(positionAt(sought, beganAt, at)).toBeCloseTo(second, 2);
        expect(onAir).toMatchObject({ due: "restart" });
      }),
    );
  });

  test("stays when the speed changes", () => {
    fc.assert(
      fc.property(
        chosen,
        fc.constantFrom(0.5, 1, 2),
        ({ passedMs, second: _, ...fields }, Tempo) => {
          const played = { ...clip, ...fields, RepeatNum: -1 };
          const before = newProgramme({ items: [played], isList: false });
          const at = addMs(T0, passedMs);
          const expected = positionAt(played, T0, at);

          const { programme } = withTempo(inTime(before, at), Tempo, at);

          const { beganAt } = place(programme, at);
          expect(positionAt({ ...played, Tempo }, beganAt, at)).toBeCloseTo(expected, 2);
        },
      ),
    );
  });
});
