/**
 * A timer's function whose services do not open. The platform ignores its answer, so the log has
 * the error.
 */
import { afterEach, expect, jest, test } from "@jest/globals";
import { makeHandler } from "../../functions/expire-ingests.js";
import { ConfigError } from "../../shared/config/read-variables.js";

afterEach(() => {
  jest.restoreAllMocks();
});

test("a wrong configuration fails the run and names the variable in the log", async () => {
  const lines: string[] = [];
  jest.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const handler = makeHandler(() => Promise.reject(new ConfigError("CALLERS is not set")));
  await expect(handler({ Type: "Timer" }, { request_id: "r" })).rejects.toThrow("CALLERS");
  jest.restoreAllMocks();
  expect(JSON.parse(lines.join("")) as object).toMatchObject({
    level: "error",
    function: "expire-ingests",
    requestId: "r",
    outcome: "InternalError",
    detail: expect.stringContaining("CALLERS is not set") as unknown,
  });
});
