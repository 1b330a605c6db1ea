/**
 * Requests to a receiver have limits, and none reaches a private address. The servers are real, and
 * the test resolves the names.
 */
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { makeCertificates } from "../../deploy/cloud/certificates.js";
import { openNotifier, type NotifierOptions } from "../../shared/notifications/notifier.js";
import { publicOnly } from "../../shared/network/public-lookup.js";
import {
  type NotificationReceiver,
  startNotificationReceiver,
} from "../support/http/notification-receiver.js";

let plain: NotificationReceiver;
let secure: NotificationReceiver;
let ca: string;

beforeAll(async () => {
  const made = await makeCertificates(["hooks.example.com"]);
  ca = made.authority;
  plain = await startNotificationReceiver();
  secure = await startNotificationReceiver({ key: made.key, cert: made.certificate });
});
beforeEach(() => {
  plain.clear();
  secure.clear();
});
afterAll(() => Promise.all([plain.close(), secure.close()]));

const TIMEOUT_MS = 2000;

/** Returns the status, or the failure in its place. */
async function sent(url: string, options: Partial<NotifierOptions> = {}): Promise<number | string> {
  const notifier = openNotifier({ allowPrivateHosts: true, timeoutMs: TIMEOUT_MS, ...options });
  try {
    return await notifier.send({ url, headers: { "x-mark": "here" }, body: '{"a":"ä"}' });
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** A resolver with one fixed answer. */
const meaning =
  (...addresses: string[]): LookupFunction =>
  (_name, options, callback) => {
    const entries = addresses.map((address): LookupAddress => ({
      address,
      family: address.includes(":") ? 6 : 4,
    }));
    const [first] = entries;
    if (options.all === true) callback(null, entries);
    else callback(null, first?.address ?? "", first?.family);
  };

describe("a notification", () => {
  test("is one POST with its headers and its whole body", async () => {
    expect(await sent(plain.url)).toBe(204);
    const [message, ...others] = plain.received;
    expect(others).toEqual([]);
    expect(message?.raw.toString()).toBe('{"a":"ä"}');
    expect(message?.headers).toMatchObject({ "x-mark": "here", "content-length": "10" });
  });

  test.each([200, 299, 302, 404, 410, 429, 500, 503])(
    "answered with %d has that status",
    async (status) => {
      plain.answer(status);
      expect(await sent(plain.url)).toBe(status);
    },
  );

  test("is not sent to the target of a redirect", async () => {
    plain.answer({ redirect: `http://127.0.0.1:${secure.port}/` });
    expect(await sent(plain.url)).toBe(307);
    expect(secure.received).toEqual([]);
    expect(plain.received).toHaveLength(1);
  });

  test("that is never answered ends after its time limit", async () => {
    plain.answer("never");
    expect(await sent(plain.url)).toBe("Timeout");
  });

  test("whose connection is cut has no answer", async () => {
    plain.answer("reset");
    expect(await sent(plain.url)).toBe("ECONNRESET");
  });

  test("to a port without a listener has no answer", async () => {
    const gone = await startNotificationReceiver();
    await gone.close();
    expect(await sent(gone.url)).toBe("ECONNREFUSED");
  });

  test.each(["drip", "endless"] as const)(
    "is accepted when its answer's body is %s",
    async (manner) => {
      plain.answer(manner);
      expect(await sent(plain.url)).toBe(200);
    },
  );
});

describe("over TLS,", () => {
  const url = () => `https://hooks.example.com:${secure.port}/`;
  const lookup = meaning("127.0.0.1");

  test("a notification reaches the host that its certificate names", async () => {
    expect(await sent(url(), { lookup, ca })).toBe(204);
  });

  test("a host with an untrusted certificate gets nothing", async () => {
    expect(await sent(url(), { lookup })).toMatch(/CERT|SIGNATURE/);
    expect(secure.received).toEqual([]);
  });

  test("a host with another host's certificate gets nothing", async () => {
    const other = `https://other.example.com:${secure.port}/`;
    expect(await sent(other, { lookup, ca })).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(secure.received).toEqual([]);
  });
});

describe("when private hosts are not allowed,", () => {
  const closed = (lookup: LookupFunction) => ({ allowPrivateHosts: false, lookup, ca });
  const url = () => `https://hooks.example.com:${secure.port}/`;

  test.each([
    ["loopback", "127.0.0.1"],
    ["loopback in IPv6", "::1"],
    ["loopback, as IPv6", "::ffff:127.0.0.1"],
    ["a private network", "10.0.0.4"],
    ["where a cloud keeps its credentials", "169.254.169.254"],
    ["nowhere", "0.0.0.0"],
    ["a link-local address", "fe80::1"],
    ["a private network in IPv6", "fd00::1"],
    ["a translated address", "64:ff9b::7f00:1"],
  ])("a public name with the address %s is not connected to", async (_, address) => {
    expect(await sent(url(), closed(meaning(address)))).toBe("PrivateHost");
    expect(secure.received).toEqual([]);
  });

  test("a name with a public and a private address is not connected to", async () => {
    for (const both of [
      ["127.0.0.1", "8.8.8.8"],
      ["8.8.8.8", "127.0.0.1"],
    ]) {
      expect(await sent(url(), closed(meaning(...both)))).toBe("PrivateHost");
    }
    expect(secure.received).toEqual([]);
  });

  test("a name without addresses is not connected to", async () => {
    expect(await sent(url(), closed(meaning()))).toBe("PrivateHost");
  });

  test("the connection goes to the checked addresses only", () => {
    const answers: unknown[] = [];
    const guarded = publicOnly(meaning("8.8.8.8", "2001:4860:4860::8888"));
    guarded("hooks.example.com", { all: true }, (...answer) => answers.push(answer));
    guarded("hooks.example.com", {}, (...answer) => answers.push(answer));
    const entries = [
      { address: "8.8.8.8", family: 4 },
      { address: "2001:4860:4860::8888", family: 6 },
    ];
    expect(answers).toEqual([
      [null, entries],
      [null, "8.8.8.8", 4],
    ]);
  });

  test("a name whose lookup fails has the lookup's error", () => {
    const failing: LookupFunction = (_name, _options, callback) => {
      callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []);
    };
    const answers: unknown[] = [];
    publicOnly(failing)("hooks.example.com", { all: true }, (error) => answers.push(error?.code));
    expect(answers).toEqual(["ENOTFOUND"]);
  });

  test.each(["https://127.0.0.1", "https://[::1]", "https://localhost", "https://10.1.2.3"])(
    "%s is not connected to",
    async (origin) => {
      const url = `${origin}:${secure.port}/`;
      expect(await sent(url, closed(meaning("8.8.8.8")))).toBe("PrivateHost");
      expect(secure.received).toEqual([]);
    },
  );

  test("no notification is sent over plain http", async () => {
    const url = `http://hooks.example.com:${plain.port}/`;
    expect(await sent(url, closed(meaning("127.0.0.1")))).toBe("PrivateHost");
    expect(plain.received).toEqual([]);
  });
});
