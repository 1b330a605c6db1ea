/** `npm run deploy:rehearse`, as a user runs it. */
import { expect, test } from "@jest/globals";
import { readServiceFile } from "../../server/declared/service-file.js";
import { runScript } from "../support/app/process.js";

test("the rehearsal deploys, runs every function from the uploaded zip, and removes all, in plain lines", async () => {
  const { code, output } = await runScript("deploy/rehearsal/rehearse.ts");
  expect([code, output]).toEqual([0, expect.stringContaining("rehearsed in")]);
  expect(output).toMatch(/^network {2}(cut off but for loopback|NOT cut off)/m);
  const { functions } = await readServiceFile({});
  for (const name of Object.keys(functions)) {
    expect(output).toMatch(new RegExp(`^ok    out of the uploaded zip: ${name} `, "m"));
  }
  expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
}, 300_000);

test("--help lists the flags, and does nothing else", async () => {
  const { code, output } = await runScript("deploy/rehearsal/rehearse.ts", {}, ["--help"]);
  expect([code, output]).toEqual([0, expect.stringContaining("npm run deploy:rehearse")]);
  expect(output).not.toContain("cloud    ");
});

test("an unknown flag is refused by its name", async () => {
  const { code, output } = await runScript("deploy/rehearsal/rehearse.ts", {}, ["--fast"]);
  expect([code, output]).toEqual([1, expect.stringContaining("--fast")]);
});
