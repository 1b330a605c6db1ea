/** The hosts that a caller may play from, when its grant lists hosts. */
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../../shared/contract/errors.js";
import { checkStreamUrl } from "../../shared/contract/stream-url.js";

const HOSTS = ["media.example", "*.cdn.example", "8.8.8.8"];

function outcome(
  streamUrl: string,
  {
    hosts = HOSTS,
    allowPrivateHosts = false,
  }: { hosts?: string[]; allowPrivateHosts?: boolean } = {},
): string {
  try {
    checkStreamUrl(streamUrl, { allowPrivateHosts, hosts });
    return "may be played";
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

describe("a caller with a list of hosts", () => {
  test.each([
    "https://media.example/clip.mp4",
    "https://MEDIA.EXAMPLE/clip.mp4",
    "https://media.example./clip.mp4",
    "https://media.example:8443/clip.mp4",
    "rtmp://media.example/live",
    "rtmp://Media.Example./live",
    "https://a.cdn.example/clip.mp4",
    "https://a.b.CDN.example./clip.mp4",
    "rtmps://a.cdn.example:443/live",
    "https://8.8.8.8/clip.mp4",
    "https://0x08080808/clip.mp4",
  ])("may play %s", (streamUrl) => {
    expect(outcome(streamUrl)).toBe("may be played");
  });

  test.each([
    ["the name without what the star stands for", "https://cdn.example/clip.mp4"],
    ["a name that only ends alike", "https://evil-cdn.example/clip.mp4"],
    ["a name below an exact one", "https://sub.media.example/clip.mp4"],
    ["a name that only ends like an exact one", "https://evilmedia.example/clip.mp4"],
    ["a name that goes on behind it", "https://media.example.evil.example/clip.mp4"],
    ["another host with the name in its path", "https://evil.example/media.example"],
    ["another host with the name in its query", "https://evil.example/?media.example"],
    ["another host with the name in its fragment", "https://evil.example#.cdn.example"],
    ["another address", "https://8.8.4.4/clip.mp4"],
    ["another host altogether", "rtmp://evil.example/live"],
  ])("may not play %s", (_, streamUrl) => {
    expect(outcome(streamUrl)).toBe("UnauthorizedOperation");
  });

  test("gets a refusal that does not reveal the list", () => {
    const policy = { allowPrivateHosts: false, hosts: HOSTS };
    expect(() => checkStreamUrl("https://evil.example/", policy)).toThrow(
      "The caller may not play from the host of this StreamUrl: send a URL of one of its own hosts.",
    );
  });

  test("cannot be granted a private host while private hosts are refused", () => {
    const hosts = ["127.0.0.1", "db.internal"];
    expect(outcome("http://127.0.0.1/clip.mp4", { hosts })).toBe("InvalidParameter.StreamUrl");
    expect(outcome("http://db.internal/clip.mp4", { hosts })).toBe("InvalidParameter.StreamUrl");
  });

  test("keeps its list where private hosts are allowed", () => {
    const allowed = { hosts: ["127.0.0.1"], allowPrivateHosts: true };
    expect(outcome("http://127.0.0.1:3001/clip.mp4", allowed)).toBe("may be played");
    expect(outcome("http://127.1/clip.mp4", allowed)).toBe("may be played");
    expect(outcome("http://127.0.0.2/clip.mp4", allowed)).toBe("UnauthorizedOperation");
  });

  test("may play nothing, if its list is empty", () => {
    expect(outcome("https://media.example/clip.mp4", { hosts: [] })).toBe("UnauthorizedOperation");
  });
});

test("a caller without a list may play from any public host", () => {
  expect(() =>
    checkStreamUrl("https://anywhere.example/clip.mp4", { allowPrivateHosts: false }),
  ).not.toThrow();
});
