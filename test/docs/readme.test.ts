/** README.md's examples in each language send a request that the functions take. */
import { describe, expect, test } from "@jest/globals";
import { LOCAL_CALLER } from "../../local/environment/local-environment.js";
import { checkRequest } from "../../shared/contract/check.js";
import { codeBlocks } from "./markdown.js";
import { readText } from "./prose-files.js";

const BLOCKS = codeBlocks(readText("README.md")).filter(({ body }) => /RepeatNum/.test(body));
const [SCHEDULES, EXAMPLES] = [true, false].map((isSchedule) =>
  BLOCKS.filter(({ body }) => body.includes("CreateIngestSchedule") === isSchedule),
) as [typeof BLOCKS, typeof BLOCKS];

/** `"RoomId": "lobby"` as it stands in JSON and in each language, with or without quotes. */
function requestIn(body: string): Record<string, unknown> {
  const fields = [...body.matchAll(/(?<![.\w])"?([A-Z]\w+)"?(?::| =) *("[^"]*"|-?\d+)/g)];
  return Object.fromEntries(
    fields.map(([, name = "", value = ""]) => [name, JSON.parse(value) as unknown]),
  );
}

test("README has an example for curl, Node.js, Python, Go and Java", () => {
  expect(EXAMPLES.map(({ language }) => language)).toEqual(["sh", "js", "python", "go", "java"]);
});

describe.each(EXAMPLES)("the example in $language", ({ body }) => {
  test("has a request that passes the check", () => {
    const request = requestIn(body);
    expect(request).toMatchObject({ SdkAppId: 1400000000, RepeatNum: -1, MaxDuration: 90 });
    expect(() => checkRequest({ action: "StartStreamIngest", site: "cn" }, request)).not.toThrow();
  });

  test("calls the local run as the local caller", () => {
    expect(body).toContain("127.0.0.1:3000");
    expect(body).toContain(LOCAL_CALLER.SecretKey);
  });
});

test("the example of a schedule passes the check", () => {
  const [json = ""] = SCHEDULES.map(({ body }) => /-d '([^']*)'/.exec(body)?.[1]);

  expect(SCHEDULES).toHaveLength(1);
  expect(
    checkRequest({ action: "CreateIngestSchedule", site: "cn" }, JSON.parse(json)),
  ).toBeTruthy();
});
