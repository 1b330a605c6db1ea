/** What describe and list say about a programme: what the row has on air, with the clock's times. */
import { describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { presentProgramme } from "../../../shared/ingest/programme/present-programme.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { OnAir, Programme } from "../../../shared/store/programmes/programme-row.js";

const NOON = new Date("2026-11-23T12:00:00.000Z");

const after = (seconds: number): Date => addMs(NOON, seconds * SECOND_MS);
const iso = (seconds: number): string => after(seconds).toISOString();

const urlOf = (name: string): string => `https://media.example/${name}.mp4`;

const PROGRAMME: Programme = {
  items: [
    { StreamUrl: urlOf("a"), Title: "First", PlaySeconds: 10 },
    { StreamUrl: urlOf("b"), LengthSeconds: 8, SeekSecond: 3, RepeatNum: 2 },
    { StreamUrl: urlOf("c"), PlaySeconds: 30 },
  ],
  isList: true,
  rounds: 2,
  anchor: { at: NOON.toISOString(), index: 0, round: 0, passedSeconds: 0 },
  onItemFailure: "Skip",
  fillerUrl: urlOf("filler"),
  backupUrl: urlOf("backup"),
  clearSeconds: 30,
  preference: "Primary",
  restartsPerHour: 12,
  hasOwnRobot: true,
};

const ON_AIR: OnAir = {
  source: "primary",
  index: 0,
  round: 0,
  since: iso(0),
  taskSince: iso(0),
  failed: {},
  restarts: 0,
  restartedAt: [],
  rolledOver: 0,
};

type Row = Partial<Omit<Ingest, "programme" | "onAir">> & {
  programme?: Partial<Programme>;
  onAir?: Partial<OnAir> | null;
};

function shown(seconds: number, { programme, onAir = {}, ...row }: Row = {}) {
  const ingest = {
    play: { StreamUrl: urlOf("a"), RepeatNum: -1 },
    state: "running",
    startsAt: null,
    pausedAt: null,
    deadlineAt: after(3600),
    ...row,
    programme: { ...PROGRAMME, ...programme },
    onAir: onAir && { ...ON_AIR, ...onAir },
  } as Ingest;
  return presentProgramme(ingest, after(seconds));
}

const SECOND = { Index: 1, Title: null, StreamUrl: urlOf("b") };

describe("the item on air", () => {
  test("has its times and its position by the clock, and the item after it", () => {
    expect(shown(4.25)).toEqual({
      StreamUrl: urlOf("a"),
      RepeatNum: 1,
      Item: {
        Index: 0,
        Title: "First",
        StreamUrl: urlOf("a"),
        StartedAt: iso(0),
        EndsAt: iso(10),
        PositionSeconds: 4.25,
      },
      NextItem: { ...SECOND, StartsAt: iso(10) },
      Round: 0,
      Source: "primary",
      Restarts: 0,
      RolledOver: 0,
    });
  });

  test("turns within the length of its media", () => {
    const { Item, RepeatNum } = shown(17, { onAir: { index: 1, since: iso(10) } });
    expect(Item).toMatchObject({ StartedAt: iso(10), EndsAt: iso(23), PositionSeconds: 2 });
    expect(RepeatNum).toBe(2);
  });

  test("stays the row's where a switch is late", () => {
    const { Item, NextItem } = shown(10.5);
    expect(Item).toMatchObject({ Index: 0, StartedAt: iso(0), EndsAt: iso(10) });
    expect(NextItem).toEqual({ ...SECOND, StartsAt: iso(10) });
  });

  test("is the row's also where the clock of the list has been moved", () => {
    const anchor = { at: iso(30), index: 2, round: 0, passedSeconds: 0 };
    const { Item } = shown(31, { programme: { anchor }, onAir: { since: iso(2) } });
    expect(Item).toMatchObject({ Index: 0, StartedAt: iso(2) });
  });

  test("is followed by the first one of the next round, and the last one by none", () => {
    const last = shown(30, { onAir: { index: 2, round: 0, since: iso(23) } });
    expect(last).toMatchObject({ Round: 0, NextItem: { Index: 0, StartsAt: iso(53) } });

    const veryLast = shown(90, { onAir: { index: 2, round: 1, since: iso(76) } });
    expect(veryLast).toMatchObject({ Round: 1, Item: { EndsAt: iso(106) }, NextItem: null });
  });

  test("ends with the ingest at the latest, and then none follows", () => {
    const { Item, NextItem } = shown(4, { deadlineAt: after(8) });
    expect(Item).toMatchObject({ EndsAt: iso(8) });
    expect(NextItem).toBeNull();
  });

  test("has no end that is known before its length is", () => {
    const items = [{ StreamUrl: urlOf("a") }, { StreamUrl: urlOf("b"), PlaySeconds: 5 }];
    const { Item, NextItem } = shown(4, { programme: { items } });
    expect(Item).toMatchObject({ EndsAt: null, PositionSeconds: 4 });
    expect(NextItem).toEqual({ ...SECOND, StartsAt: null });
  });

  test("stands still while the ingest is paused", () => {
    const { Item, NextItem } = shown(500, { pausedAt: after(4) });
    expect(Item).toMatchObject({ PositionSeconds: 4, StartedAt: iso(0), EndsAt: null });
    expect(NextItem).toEqual({ ...SECOND, StartsAt: null });
  });
});

describe("the source on air", () => {
  test("may be the backup, in the place of the item", () => {
    const shownBackup = shown(4, { onAir: { source: "backup", since: iso(3) } });
    expect(shownBackup).toMatchObject({
      StreamUrl: urlOf("backup"),
      Source: "backup",
      Item: { StreamUrl: urlOf("a"), StartedAt: iso(0), PositionSeconds: 4 },
    });
  });

  test("may be the filler, in the place of the item, and after the list without one", () => {
    const during = shown(4, { onAir: { source: "filler", since: iso(3) } });
    expect(during).toMatchObject({
      StreamUrl: urlOf("filler"),
      Source: "filler",
      Item: { Index: 0 },
    });

    const onAir = { source: "filler", index: 2, round: 1, since: iso(106) } as const;
    expect(shown(200, { onAir })).toMatchObject({
      StreamUrl: urlOf("filler"),
      Source: "filler",
      Item: null,
      NextItem: null,
      Round: 1,
    });
  });
});

describe("nothing is on air", () => {
  test("before the start: the first item comes at StartTime", () => {
    const anchor = { ...PROGRAMME.anchor, at: null, index: 1 };
    const row: Row = { state: "starting", onAir: null, programme: { anchor } };
    const scheduled = shown(-60, { ...row, startsAt: NOON });
    expect(scheduled).toMatchObject({ Item: null, Round: null, Source: null });
    expect(scheduled.NextItem).toEqual({ ...SECOND, StartsAt: iso(0) });
    expect(shown(-60, row).NextItem).toEqual({ ...SECOND, StartsAt: null });
  });

  test("after the end, which keeps its counts", () => {
    const onAir = { restarts: 3, rolledOver: 1 };
    expect(shown(4, { state: "ended", onAir })).toEqual({
      StreamUrl: urlOf("a"),
      RepeatNum: 1,
      Item: null,
      NextItem: null,
      Round: null,
      Source: null,
      Restarts: 3,
      RolledOver: 1,
    });
  });

  test("of an ingest with one source", () => {
    const plain = { play: { StreamUrl: urlOf("a") }, programme: null, onAir: null } as Ingest;
    expect(presentProgramme(plain, NOON)).toEqual({
      StreamUrl: urlOf("a"),
      RepeatNum: 1,
      Item: null,
      NextItem: null,
      Round: null,
      Source: null,
      Restarts: 0,
      RolledOver: 0,
    });
  });
});

test("one source that is kept alive is one item, and lasts until the deadline", () => {
  const items = [{ StreamUrl: urlOf("live") }];
  const alone = shown(60, { programme: { items, isList: false, rounds: 1 } });
  expect(alone).toMatchObject({
    RepeatNum: -1,
    Item: { Index: 0, StartedAt: iso(0), EndsAt: iso(3600), PositionSeconds: 60 },
    NextItem: null,
  });
});
