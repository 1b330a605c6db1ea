/** How a COS event gives the bucket's region and writes an object's key. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { readEvent } from "../../shared/cloud-events/envelopes/read-event.js";

interface Record {
  cos: { cosObject: { url?: string; key: string }; cosBucket: { [name: string]: unknown } };
  event: { eventQueue?: string };
  [name: string]: unknown;
}

const FIXTURE = readFileSync(
  new URL("../fixtures/events/cos-created.json", import.meta.url),
  "utf8",
);

/** Applies a change to the documented event, and reads its object. */
function objectIn(change: (record: Record) => void) {
  const event = JSON.parse(FIXTURE) as { Records: [Record] };
  change(event.Records[0]);
  const content = readEvent(event).messages[0]?.content;
  return content?.kind === "object" ? content.object : undefined;
}

/** Removes the region from the documented event. */
function silent(record: Record): void {
  delete record.cos.cosObject.url;
  delete record.cos.cosBucket["region"];
  delete record.event.eventQueue;
}

describe("the region", () => {
  test.each<[string, (record: Record) => void]>([
    ["cosRegion", ({ cos }) => (cos.cosBucket["cosRegion"] = "ap-shanghai")],
    ["cosRegion, in short", ({ cos }) => (cos.cosBucket["cosRegion"] = "sh")],
    ["s3Region", ({ cos }) => (cos.cosBucket["s3Region"] = "ap-shanghai")],
    ["region, in full", ({ cos }) => (cos.cosBucket["region"] = "ap-shanghai")],
    ["region, in short", ({ cos }) => (cos.cosBucket["region"] = "sh")],
    ["region, as it was once", ({ cos }) => (cos.cosBucket["region"] = "cn-east")],
    ["region, in capitals", ({ cos }) => (cos.cosBucket["region"] = "AP-Shanghai")],
    ["region, between blanks", ({ cos }) => (cos.cosBucket["region"] = " sh ")],
    ["cosRegion of the object", ({ cos }) => Object.assign(cos.cosObject, { cosRegion: "sh" })],
    ["region of the object", ({ cos }) => Object.assign(cos.cosObject, { region: "ap-shanghai" })],
    ["cosRegion of the event", ({ event }) => Object.assign(event, { cosRegion: "ap-shanghai" })],
    ["region of the event", ({ event }) => Object.assign(event, { region: "sh" })],
    ["awsRegion of the record", (record) => (record["awsRegion"] = "ap-shanghai")],
    [
      "the queue of the event",
      ({ event }) => (event.eventQueue = "qcs:0:scf:sh:appid/1250000000:default.fn.$LATEST"),
    ],
    [
      "the queue of the event, in full",
      ({ event }) =>
        (event.eventQueue = "qcs:0:scf:ap-shanghai:appid/1250000000:default.fn.$LATEST"),
    ],
    ...[
      "https://media-1250000000.cos.ap-shanghai.myqcloud.com/clip.mp4",
      "http://media-1250000000.cos-internal.ap-shanghai.tencentcos.cn/clip.mp4",
      "https://media-1250000000.cos.ap-shanghai.tencentcos.cn:443/clip.mp4",
    ].map((url): [string, (record: Record) => void] => [
      url,
      ({ cos }) => (cos.cosObject.url = url),
    ]),
  ])("is known by %s", (_, tell) => {
    const object = objectIn((record) => {
      silent(record);
      tell(record);
    });
    expect(object?.region).toBe("ap-shanghai");
  });

  test("of an address is preferred over the others, and a full one over an empty name", () => {
    expect(objectIn(({ cos }) => (cos.cosBucket["cosRegion"] = "ap-shanghai"))?.region).toBe(
      "ap-chengdu",
    );
    const accelerated = objectIn((record) => {
      silent(record);
      record.cos.cosObject.url = "https://media-1250000000.cos.accelerate.myqcloud.com/clip.mp4";
      Object.assign(record.cos.cosBucket, { cosRegion: "?", s3Region: "ap-shanghai" });
    });
    expect(accelerated?.region).toBe("ap-shanghai");
  });

  test.each([
    "https://media-1250000000.cos.ap-shanghai.evil.example/clip.mp4",
    "https://other-1250000000.cos.ap-shanghai.myqcloud.com/clip.mp4",
    "https://media-1250000000.evil.example/.cos.ap-shanghai.myqcloud.com/",
  ])("is not known by %s", (url) => {
    const object = objectIn((record) => {
      silent(record);
      record.cos.cosObject.url = url;
    });
    expect(object).toMatchObject({ bucket: "media-1250000000", region: undefined });
  });
});

describe("the key", () => {
  const keyIn = (written: string, url?: string) =>
    objectIn((record) => {
      record.cos.cosObject.key = `/1250000000/media/${written}`;
      if (url === undefined) delete record.cos.cosObject.url;
      else record.cos.cosObject.url = `http://media-1250000000.cos.ap-chengdu.myqcloud.com/${url}`;
    })?.key;

  test.each([
    ["in/%E8%AF%BE.mp4", "in/课.mp4"],
    ["a%20b.mp4", "a b.mp4"],
    ["a%2Bb.mp4", "a+b.mp4"],
    ["a+b.mp4", "a+b.mp4"],
    ["in/课.mp4", "in/课.mp4"],
    ["a%252Fb.mp4", "a%2Fb.mp4"],
    ["50%.mp4", "50%.mp4"],
    ["100% & more.mp4", "100% & more.mp4"],
    ["%E8.mp4", "%E8.mp4"],
    ["%FF%FE.mp4", "%FF%FE.mp4"],
  ])("that is written %s is %s", (written, key) => {
    expect(keyIn(written)).toBe(key);
    expect(keyIn(written, written.replaceAll(" ", "%20"))).toBe(key);
  });

  test("is read once when the address has it encoded once more", () => {
    expect(keyIn("a%20b.mp4", "a%2520b.mp4")).toBe("a%20b.mp4");
    expect(keyIn("50%25.mp4", "50%2525.mp4")).toBe("50%25.mp4");
  });
});
