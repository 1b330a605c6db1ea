/** Many people read why an instance stopped, so the message contains no secret. */
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { account, application, caller, read } from "../support/contract/settings.js";

describe("the error of a wrong configuration contains no secret", () => {
  const SECRET = "hunter2-hunter2-hunter2";
  const VARIABLES = ["CALLERS", "TRTC_APPS", "TRTC_ACCOUNTS"] as const;
  const SINGLE = [
    "ALLOW_PRIVATE_STREAM_HOSTS",
    "DATABASE_URL",
    "DATABASE_URLS",
    "TRTC_ENDPOINT",
    "TRTC_TIMEOUT_SECONDS",
    "EXPIRY_TICK_SECONDS",
  ] as const;
  const FIELDS = {
    CALLERS: { ...caller, NotifyUrl: `https://a.example/${SECRET}`, NotifySecrets: [SECRET] },
    TRTC_APPS: { Account: "intl", Site: "intl", CallbackKeys: ["hunter2"], ...application },
    TRTC_ACCOUNTS: { Token: SECRET, ...account },
  };

  const messageOf = (open: () => unknown): string => {
    try {
      open();
      return "";
    } catch (error) {
      return String(error);
    }
  };

  test("when any field is replaced by any value", () => {
    const wrong = fc.constantFrom<unknown>(
      SECRET,
      [SECRET],
      [[SECRET]],
      { SecretKey: SECRET },
      `${SECRET} `,
      `${SECRET}\n`,
      SECRET.repeat(20),
      null,
      7,
    );
    const list = fc.constantFrom(...VARIABLES).chain((variable) =>
      fc.record({
        variable: fc.constant(variable),
        field: fc.constantFrom(...Object.keys(FIELDS[variable])),
        value: wrong,
      }),
    );
    fc.assert(
      fc.property(list, ({ variable, field, value }) => {
        const entry = { ...FIELDS[variable], SecretKey: SECRET, [field]: value };
        const entries = [FIELDS[variable], entry, entry];
        const message = messageOf(() => read({ [variable]: JSON.stringify(entries) }));
        expect(message).toMatch(/^ConfigError: /);
        expect(message).not.toContain("hunter2");
      }),
      { numRuns: 500 },
    );
  });

  test("when a single variable or a broken list is wrong", () => {
    const names = fc.constantFrom(...VARIABLES, ...SINGLE);
    const shells = fc.constantFrom("", "mysql://me:", "[", '["', "{", "on ", "5");
    fc.assert(
      fc.property(names, shells, (variable, shell) => {
        const message = messageOf(() => read({ [variable]: `${shell}${SECRET}` }));
        expect(message).toMatch(new RegExp(`^ConfigError: ${variable} `));
        expect(message).not.toContain("hunter2");
      }),
    );
  });
});
