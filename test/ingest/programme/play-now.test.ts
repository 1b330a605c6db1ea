/** What an update sends to a task that another occurrence had before, by site. */
import { describe, expect, test } from "@jest/globals";
import { settingsOf } from "../../../shared/ingest/programme/play-now.js";

const StreamUrl = "https://example.com/lesson.mp4";

describe("a task that is taken over", () => {
  test("on the Chinese site gets all settings, also those that nothing names", () => {
    expect(settingsOf({ site: "cn", play: { StreamUrl } })).toEqual({
      Volume: 100,
      Tempo: 1,
      EnableProgress: false,
    });
    const play = { StreamUrl, Volume: 60, Tempo: 2, EnableProgress: true };
    expect(settingsOf({ site: "cn", play })).toEqual({
      Volume: 60,
      Tempo: 2,
      EnableProgress: true,
    });
  });

  test("on the international site gets its loudness, as no other field exists there", () => {
    expect(settingsOf({ site: "intl", play: { StreamUrl } })).toEqual({ Volume: 100 });
    expect(settingsOf({ site: "intl", play: { StreamUrl, Volume: 60 } })).toEqual({ Volume: 60 });
  });
});
