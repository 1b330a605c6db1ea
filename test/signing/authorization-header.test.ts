/** An Authorization header is read as HTTP defines it (RFC 9110), and no wider. */
import { describe, expect, test } from "@jest/globals";
import { readHttpEvent } from "../../shared/runtime/http-event.js";
import { readAuthorization } from "../../shared/signing/tencent/authorization.js";
import { backend, KEY, outcome, withHeader } from "../support/contract/callers.js";
import { post, signedTc3 } from "../support/http/http-requests.js";

const signed = signedTc3(post('{"TaskId":"task"}'), backend);
const header = String(signed.headers["authorization"]);
const [, credential = "", names = "", signature = ""] =
  /Credential=(.*), SignedHeaders=(.*), Signature=(.*)/.exec(header) ?? [];
const outcomeOf = (authorization: string) =>
  outcome(withHeader(signed, "authorization", authorization));

describe("a TC3 header is accepted", () => {
  test.each([
    ["two spaces behind the scheme, as .NET sends", header.replace(" ", "  ")],
    ["a tab behind the scheme", header.replace(" ", "\t")],
    ["no space behind the commas", header.replaceAll(", ", ",")],
    ["blanks and tabs around the commas", header.replaceAll(", ", " \t, \t ")],
    ["blanks around the equals signs", header.replaceAll("=", " = ")],
    ["the scheme in small letters", header.replace("TC3-HMAC-SHA256", "tc3-hmac-sha256")],
    ["names in small letters", header.replace("SignedHeaders", "signedheaders")],
    [
      "the parameters in another order",
      `TC3-HMAC-SHA256 Signature=${signature}, SignedHeaders=${names}, Credential=${credential}`,
    ],
    [
      "quoted values",
      `TC3-HMAC-SHA256 Credential="${credential}", SignedHeaders="${names}", Signature="${signature}"`,
    ],
    ["empty elements of the list", header.replaceAll(", ", ", , ")],
    ["a comma at the end", `${header},`],
    ["an unknown parameter", `${header}, Extra=1`],
  ])("with %s", (_, authorization) => {
    expect(outcomeOf(authorization)).toBe("AKIDbackend");
  });

  test("with space around the header's value, which is not part of it", () => {
    const { headers, body } = signed;
    const event = {
      httpMethod: "POST",
      headers: { ...headers, authorization: ` \t${header}\t ` },
      body: body.toString(),
    };
    expect(outcome(readHttpEvent(event))).toBe("AKIDbackend");
  });
});

describe("reading a TC3 header fails", () => {
  test.each([
    ["a parameter twice", `${header}, Signature=${signature}`],
    ["a parameter twice, in another case", `${header}, SIGNATURE=${"0".repeat(64)}`],
    ["a blank for a comma", header.replaceAll(", ", " ")],
    ["a semicolon for a comma", header.replaceAll(", ", "; ")],
    ["an open quote", header.replace("Signature=", 'Signature="')],
    ["text behind a quoted value", `TC3-HMAC-SHA256 Credential="${credential}"x`],
    ["a name without a value", `${header}, Extra`],
    ["a line break", header.replace(", ", ",\n")],
    ["no space behind the scheme", header.replace(" ", "")],
  ])("with %s", (_, authorization) => {
    expect(outcomeOf(authorization)).toMatch(
      /^AuthFailure.(InvalidAuthorization|SignatureFailure)$/,
    );
  });

  test("within a time that grows linearly with its length", () => {
    const hostile = [
      `TC3-HMAC-SHA256 ${",".repeat(4000)}`,
      `TC3-HMAC-SHA256 ${" \t".repeat(2000)}x`,
      `TC3-HMAC-SHA256 ${"a=b,".repeat(1000)}`,
      `TC3-HMAC-SHA256 ${"a".repeat(4000)}`,
      `TC3-HMAC-SHA256 ${"x".repeat(1_000_000)}`,
    ];
    for (const authorization of hostile) {
      expect(readAuthorization(authorization)?.parameters.get("signature")).toBeUndefined();
      expect(outcomeOf(authorization)).toBe("AuthFailure.InvalidAuthorization");
    }
  });
});

describe("a Bearer key is accepted", () => {
  test.each([`Bearer\t${KEY}`, `bearer \t ${KEY}`, ` Bearer ${KEY} `])(
    "with other white space: %j",
    (authorization) => {
      expect(outcomeOf(authorization)).toBe("AKIDbackend");
    },
  );
});
