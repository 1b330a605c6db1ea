/** What `npm run demo -- --programme` takes for a promise that is not kept. */
import { describe, expect, test } from "@jest/globals";
import { type Observed, surprisesOf, switchesOf, switchText } from "../../local/demo/switches.js";

const TASK = "task";
const at = (second: number, ms = 0) => new Date(Date.UTC(2026, 10, 29, 12, 0, second, ms));

const names = new Map(
  ["Opening", "Talk", "Panel", "filler"].map((name) => [`http://media/${name}`, name]),
);

const played = (name: string, from: Date) => ({
  streamUrl: `http://media/${name}`,
  from: from.toISOString(),
  until: null,
});

const failure = (when: Date, { taskId = TASK, status = 1 } = {}) => ({
  sdkAppId: 1_400_000_000,
  body: {
    EventGroupId: 7,
    EventType: 701 as const,
    EventInfo: { EventMsTs: when.getTime(), TaskId: taskId, Status: status },
  },
  state: "delivered" as const,
  attempts: [],
});

/** Each switch comes 20 ms late. */
const GOOD: Observed = {
  task: {
    taskId: TASK,
    played: [
      played("Opening", at(0)),
      played("filler", at(9, 60)),
      played("Talk", at(24, 20)),
      played("Panel", at(28, 20)),
    ],
  },
  callbacks: [
    failure(at(1), { taskId: "another" }),
    failure(at(2), { status: 0 }),
    failure(at(8, 20)),
    failure(at(8, 30)),
    failure(at(9, 40)),
  ],
  names,
  dueAt: new Map([
    ["Talk", at(8)],
    ["Panel", at(28)],
  ]),
  backAt: at(24),
};

const withPlayed = (...sources: Observed["task"]["played"]): Observed => ({
  ...GOOD,
  task: { taskId: TASK, played: sources },
});

test("each switch has its lateness against the instant that it was due at", () => {
  expect(surprisesOf(GOOD)).toEqual([]);
  expect(switchesOf(GOOD).map(switchText)).toEqual([
    "  to Talk          at 12:00:08.000Z           20 ms late",
    "  to the filler    at the third failure       20 ms late",
    "  back to Talk     once it is healthy         20 ms late",
    "  to Panel         at 12:00:28.000Z           20 ms late",
  ]);
});

describe("it is not as promised when", () => {
  const [opening, filler, talk, panel] = GOOD.task.played;
  if (!opening || !filler || !talk || !panel) throw new Error("four sources are on air");

  test.each<[what: string, observed: Observed, surprises: string[]]>([
    [
      "a switch is later than a second",
      withPlayed(opening, filler, talk, played("Panel", at(29, 1))),
      ["the switch to Panel was 1001 ms late"],
    ],
    [
      "a switch is early",
      withPlayed(opening, filler, played("Talk", at(23, 990)), panel),
      ["the switch back to Talk came 10 ms early"],
    ],
    [
      "an item is missing",
      withPlayed(opening, filler, talk),
      [
        "on air were Opening, filler, Talk, not Opening, filler, Talk, Panel",
        "the switch to Panel did not come",
      ],
    ],
    [
      "another source plays",
      withPlayed(opening, filler, talk, panel, played("advert", at(30))),
      [
        "on air were Opening, filler, Talk, Panel, http://media/advert, not Opening, filler, Talk, Panel",
      ],
    ],
    [
      "TRTC has not reported three failures",
      { ...GOOD, callbacks: GOOD.callbacks.slice(0, 4) },
      ["the switch to the filler did not come"],
    ],
    [
      "the source is never read again",
      { ...GOOD, backAt: undefined },
      ["the switch back to Talk did not come"],
    ],
  ])("%s", (_, observed, surprises) => {
    expect(surprisesOf(observed)).toEqual(surprises);
  });
});
