/** The walk over the minutes and the calendar agree, so a difference in a run is a fault of the run. */
import { expect, test } from "@jest/globals";
import { windowsBetween } from "../../../../shared/calendar/planned-windows.js";
import { makeRandom } from "../../random.js";
import { drawRules } from "./draw.js";
import { changesOf, expectedWindows } from "./oracle.js";
import { newZones } from "./zones.js";

const FROM = Date.parse("2027-07-01T00:00Z");
const TO = FROM + 367 * 86_400_000;

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])("for the rules of seed %i", (seed) => {
  const random = makeRandom(seed);
  const dates = Array.from({ length: 360 }, (_, day) =>
    new Date(FROM + day * 86_400_000).toISOString().slice(0, 10),
  );
  const rules = drawRules(random, {
    sdkAppId: 1,
    room: "r",
    name: "n",
    dates,
    zone: "Europe/Berlin",
    mayFail: false,
  });
  const { timeZone } = rules.definition;
  const fromMs = changesOf(timeZone, FROM, TO)[0] ?? FROM + 1_000_000_000;
  const change = { name: timeZone, fromMs };

  const expected = expectedWindows(rules, { fromMs: FROM, toMs: TO, change });

  const range = { from: new Date(FROM + 60_000), to: new Date(TO - 3 * 86_400_000) };
  const planned = windowsBetween(rules.definition, range, newZones(change)).map((window) => ({
    nominalMs: window.nominalAt.getTime(),
    endMs: window.endsAt.getTime(),
    skipped: window.skipped,
  }));
  expect(expected.filter(({ nominalMs }) => nominalMs < range.to.getTime())).toEqual(planned);
});
