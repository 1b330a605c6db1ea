/** Every deliberate fault of test/faults can still be put into the code, and names suites that are there. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { readFaults, withFault } from "../faults/fault.js";

const ROOT = new URL("../../", import.meta.url);
const FAULTS = readFaults(fileURLToPath(new URL("test/faults/faults.json", ROOT)));

describe("a deliberate fault", () => {
  test.each(FAULTS.map((fault) => [fault.file, fault.find, fault] as const))(
    "of %s stands for a text that is there once: %j",
    (file, _, fault) => {
      const source = readFileSync(new URL(file, ROOT), "utf8");
      expect(withFault(source, fault)).not.toBe(source);
      const missing = fault.suites.filter(
        (suite) => !existsSync(new URL(`test/${suite}.test.ts`, ROOT)),
      );
      expect(missing).toEqual([]);
    },
  );
});
