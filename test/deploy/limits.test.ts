/** What counts toward SCF's 4 KB, and which variable takes precedence. */
import { describe, expect, test } from "@jest/globals";
import { CloudError } from "../../deploy/cloud/cloud-error.js";
import { checkConfiguration } from "../../deploy/cloud/function-shapes.js";
import { environmentBytes, limitFaults, variablesOf } from "../../deploy/plugin/checks/limits.js";

const NAME = "CALLERS";

/** Takes `bytes` with its name. */
const filled = (bytes: number, letter: string) => ({
  [NAME]: letter.repeat((bytes - NAME.length) / Buffer.byteLength(letter)),
});

function cloudTakes(variables: Record<string, string>): boolean {
  const Variables = Object.entries(variables).map(([Key, Value]) => ({ Key, Value }));
  const configuration = {
    Code: {},
    FunctionName: "a-function",
    Runtime: "Nodejs20.19",
    MemorySize: 256,
    Timeout: 3,
  };
  try {
    checkConfiguration({ ...configuration, Environment: { Variables } }, "CreateFunction");
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(CloudError);
    return false;
  }
}

describe("4,096 bytes of variables", () => {
  test.each([
    ["a", 1],
    ["課", 3],
    ["é", 1],
  ])("of the letter %s are taken, and one letter more is not", (letter, spare) => {
    const room = 4096 - NAME.length;
    const size = Buffer.byteLength(letter);
    const most = NAME.length + Math.floor(room / size) * size;
    const [full, over] = [filled(most, letter), filled(most + size, letter)];
    expect(environmentBytes(full)).toBe(most);
    expect(most + spare * size).toBeGreaterThan(4096);
    expect([limitFaults("f", full, []), cloudTakes(full)]).toEqual([[], true]);
    expect(limitFaults("f", over, [])).toEqual([
      expect.stringContaining(`gets ${most + size} bytes of environment, and SCF takes 4096`),
    ]);
    expect(cloudTakes(over)).toBe(false);
  });

  test("include the names of the variables", () => {
    const two = { A1: "x".repeat(2046), B2: "y".repeat(2046) };
    expect([environmentBytes(two), limitFaults("f", two, [])]).toEqual([4096, []]);
    expect(limitFaults("f", { ...two, C3: "z" }, [])).toHaveLength(1);
  });
});

test("a function's own variable wins over the provider's, also where it is the shorter", () => {
  const provider = { environment: { variables: { A: "of all", B: "of all" } } };
  const own = { environment: { variables: { B: "own", C: "own" } } };
  expect(variablesOf(provider, own)).toEqual({ A: "of all", B: "own", C: "own" });
  // An empty variable removes the provider's.
  expect(variablesOf(provider, { environment: { variables: { B: "" } } })).toEqual({ A: "of all" });
});
