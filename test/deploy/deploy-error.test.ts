/** The messages of a failed deployment. */
import { expect, test } from "@jest/globals";
import { errorText } from "../../deploy/plugin/deploy-error.js";

test("the error of a refused runtime names the setting that changes it", () => {
  const refused = { code: "InvalidParameterValue.Runtime", message: "Runtime is not valid." };

  expect(errorText(refused)).toMatch(
    /^InvalidParameterValue\.Runtime Runtime is not valid\. Set SCF_RUNTIME to .*Nodejs22\.21/,
  );
});

test("another refusal's error is shown unchanged", () => {
  expect(errorText({ code: "LimitExceeded.Function", message: "Too many." })).toBe(
    "LimitExceeded.Function Too many.",
  );
});
