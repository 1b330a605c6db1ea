/** Which URLs may be played: their form, and that none leads into a private network. */
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { ApiError } from "../../shared/contract/errors.js";
import { checkStreamUrl } from "../../shared/contract/stream-url.js";

/** The refusal's message. Undefined when the URL may be played. */
function refusal(streamUrl: string, { allowPrivateHosts = false } = {}): string | undefined {
  try {
    checkStreamUrl(streamUrl, { allowPrivateHosts });
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    expect(error.code).toBe("InvalidParameter.StreamUrl");
    return error.message;
  }
}

const SCHEMES = ["http", "https", "rtmp", "rtmps"];

describe("a StreamUrl", () => {
  test.each([
    ...SCHEMES.map((scheme) => `${scheme}://media.example/clip.mp4`),
    "HTTPS://media.example/clip.mp4",
    "RtMp://media.example/live/stage",
    "https://media.example",
    "https://media.example:8443/clip.mp4",
    "rtmp://media.example:1935/live/stage?txSecret=0f&txTime=5F",
    "https://media.example/a%20b/%E6%88%BF.mp4?sign=a+b/c=&user=me@home",
    "https://media.example/clip.mp4#t=10",
    "https://MEDIA.Example./clip.mp4",
    "https://xn--fsq.example/clip.mp4",
    "https://8.8.8.8/clip.mp4",
    "https://[2606:4700::1111]/clip.mp4",
    "https://172.15.0.1/a.mp4",
    "https://172.32.0.1/a.mp4",
    "https://100.128.0.1/a.mp4",
  ])("%s may be played", (streamUrl) => {
    expect(refusal(streamUrl)).toBeUndefined();
  });

  test.each([
    "ftp://media.example/clip.mp4",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:video/mp4;base64,AAAA",
    "rtsp://media.example/live",
    "srt://media.example:9000",
    "httpss://media.example/",
    "media.example/clip.mp4",
    "//media.example/clip.mp4",
    "/clip.mp4",
    "clip.mp4",
    "http:media.example",
    "http:/media.example",
    "http:///media.example",
    "http://",
    "http",
    "",
  ])("%s has no scheme that TRTC plays, or no host", (streamUrl) => {
    expect(refusal(streamUrl)).toMatch(/must begin with|holds/);
  });

  test.each([
    "http://media.example:99999/",
    "http://media.example:port/",
    "rtmp://media.example:99999/live",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "rtmp://256.1.1.1/live",
    "http://[::1/",
    "http://[fe80::1%25eth0]/",
    "http://media%00.example/",
    "http://media%2fexample/",
    "http://:80/",
    "http://?clip.mp4",
  ])("%s is no URL", (streamUrl) => {
    expect(refusal(streamUrl)).toBe("StreamUrl is no URL.");
  });

  test.each([
    ["a space", "http://media.example/a b.mp4"],
    ["a space at its end", "http://media.example/a.mp4 "],
    ["a tab inside the scheme, which parsers drop", "ht\ttp://media.example/"],
    ["a line break inside the host, which parsers drop", "http://127.0.\n0.1/"],
    ["a carriage return", "http://media.example/\r"],
    ["a NUL", "http://media.example/\0"],
    ["a delete character", "http://media.example/\u007f"],
    ["a no-break space", "http://media.example/\u00a0"],
    ["letters outside ASCII", "http://media.example/房间.mp4"],
    ["digits of full width, which parsers narrow", "http://１２７.0.0.1/"],
    ["half of a surrogate pair", "http://media.example/\ud83c"],
    ["a backslash, which some parsers take for a slash", "http://media.example\\@127.0.0.1/"],
    ["a backslash in its path", "http://media.example/a\\b"],
  ])("%s has to be percent-encoded", (_, streamUrl) => {
    expect(refusal(streamUrl)).toMatch(/: send it percent-encoded\.$/);
  });

  test.each([
    "http://me:secret@media.example/",
    "https://me@media.example/",
    "https://:secret@media.example/",
    "https://@media.example/",
    "https://:@media.example/",
    "https://me%40home:secret@media.example/",
    "https://media.example@127.0.0.1/",
    "https://a@b@media.example/",
    "rtmp://me:secret@media.example/live",
  ])("%s carries a user name or password", (streamUrl) => {
    expect(refusal(streamUrl)).toBe(
      "StreamUrl carries a user name or password: sign the URL with a query parameter instead.",
    );
    expect(refusal(streamUrl, { allowPrivateHosts: true })).toMatch(/user name or password/);
  });

  test("may have an at sign in its path, query or fragment", () => {
    for (const rest of ["/@me", "/?me@home", "/#me@home", "/a/b@c?d@e"]) {
      expect(refusal(`https://media.example${rest}`)).toBeUndefined();
    }
  });

  test.each(["#@127.0.0.1/a", "?@evil.example/a", "#me@home", "?me@home"])(
    "may have none before its path, where some parsers look for a user name: %s",
    (rest) => {
      for (const scheme of ["http", "https", "rtmp"]) {
        expect(refusal(`${scheme}://media.example${rest}`)).toBe(
          "StreamUrl has an @ before the first / of its path: write a / behind the host.",
        );
      }
    },
  );

  test.each([
    ["http://bücher.example/a.mp4", "xn--bcher-kva.example"],
    ["https://Bücher.Example:8443/第.mp4", "xn--bcher-kva.example"],
    ["rtmp://直播.例子.中国/live/stage", "xn--z6ut02b.xn--fsqu00a.xn--fiqs8s"],
    ["http://b%C3%BCcher.example/a.mp4", "xn--bcher-kva.example"],
    ["http://ｍｅｄｉａ.example/a.mp4", "media.example"],
    ["http://m%65dia.example/a.mp4", "media.example"],
    ["http://media%2eexample?a=b", "media.example"],
  ])("%s is refused with the name to send, %s", (streamUrl, host) => {
    expect(refusal(streamUrl)).toBe(
      `StreamUrl has a host with encoded letters, or letters outside ASCII: send ${host} in its place.`,
    );
    expect(refusal(streamUrl, { allowPrivateHosts: true })).toContain(`send ${host} in its place`);
  });

  test.each([
    ...["http://media!.example/", "http://media'.example/", "http://media*.example/"],
    ...["http://media.example;a=b/", "http://media.example,evil.example/", "http://$a.example/"],
    ...["http://media.example&evil.example/", "rtmp://a+b.example/live", "http://(a).example/"],
    ...["http://{key}.example/", "http://media`.example/", 'http://media".example/'],
    ...["http://%31%32%37.0.0.1/", "http://127%2e0%2e0%2e1/", "http://~a.example/"],
    ...["http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/", "rtmp://%E2%91%A0%E2%91%A1%E2%91%A6.1/"],
  ])("%s has a host that parsers read differently", (streamUrl) => {
    for (const allowPrivateHosts of [false, true]) {
      expect(refusal(streamUrl, { allowPrivateHosts })).toBe(
        "StreamUrl has a host with characters other than letters, digits, `.`, `-` and `_`: send a plain name, or an address.",
      );
    }
  });

  test("which may be signed, is not repeated in a refusal", () => {
    const urls = fc.oneof(
      fc.webUrl({ withQueryParameters: true }),
      fc.string().map((text) => `http://127.0.0.1/${text}hunter2`),
      fc.string().map((text) => `${text}//hunter2@${text}`),
    );
    fc.assert(
      fc.property(urls, (streamUrl) => {
        expect(refusal(`${streamUrl}hunter2`) ?? "").not.toContain("hunter2");
      }),
    );
  });
});

/** In every spelling that a parser may read as the same host. */
const PRIVATE_HOSTS: [what: string, ...hosts: string[]][] = [
  ["loopback", "127.0.0.1", "127.255.255.254", "127.0.0.1.", "127.0.0.1.."],
  ["loopback, shortened", "127.1", "127.0.1", "127.1."],
  ["loopback, in hexadecimal", "0x7f000001", "0x7F.0.0.1", "0x7f.1", "0x7f.0x0.0x0.0x1"],
  ["loopback, as one number", "2130706433", "017700000001", "0177.0.0.1", "00000177.1"],
  ["loopback in IPv6", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]"],
  ["IPv4 inside IPv6", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:10.0.0.1]"],
  ["IPv4 inside IPv6, the old way", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:0:127.0.0.1]"],
  ["IPv4 behind a translator", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[64:ff9b:1::a00:1]"],
  ["this host", "0.0.0.0", "0", "0.1.2.3", "[::]", "0x"],
  ["class A", "10.0.0.0", "10.255.255.255", "10.1", "012.1"],
  ["class B", "172.16.0.0", "172.31.255.255", "172.16.1"],
  ["class C", "192.168.0.0", "192.168.255.255", "192.168.1", "3232235777"],
  ["link-local", "169.254.0.0", "169.254.169.254", "169.254.0.23", "0xa9fea9fe"],
  ["a carrier's", "100.64.0.0", "100.127.255.255", "100.100.100.200"],
  ["local in IPv6", "[fc00::]", "[fdff:ffff::1]", "[fe80::1]", "[febf::1]", "[fec0::1]"],
  ["multicast", "224.0.0.1", "239.255.255.255", "[ff02::1]"],
  ["broadcast and reserved", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1"],
  ["reserved in IPv6", "[2001:db8::1]", "[100::1]", "[4000::1]"],
  ["localhost", "localhost", "LOCALHOST", "localhost.", "localhost.."],
  ["below localhost", "sub.localhost", "a.b.localhost.", "localhost.localdomain"],
  ["a name of one label", "db", "metadata", "ip6-localhost", "router."],
  ["a name of the local link", "printer.local", "PRINTER.Local."],
  ["a name of an inner network", "db.internal", "metadata.google.internal", "a.corp", "b.lan"],
  ["a name of a home", "nas.home.arpa", "nas.home", "a.private", "b.intranet"],
  ["Tencent Cloud's metadata", "metadata.tencentyun.com", "metadata.tencentyun.com."],
];

describe("a StreamUrl into a private network", () => {
  describe.each(SCHEMES)("%s", (scheme) => {
    test.each(PRIVATE_HOSTS)("%s", (_, ...hosts) => {
      for (const host of hosts) {
        for (const url of [`${scheme}://${host}/clip`, `${scheme}://${host}:8080`]) {
          expect({ url, message: refusal(url) }).toEqual({
            url,
            message:
              "StreamUrl points to a loopback, link-local or private host: send one that TRTC can reach.",
          });
        }
      }
    });

    test.each(PRIVATE_HOSTS)("is accepted when the configuration allows it: %s", (_, ...hosts) => {
      for (const host of hosts) {
        expect(refusal(`${scheme}://${host}/clip`, { allowPrivateHosts: true })).toBeUndefined();
      }
    });
  });

  test("is not a public name that only resembles a private one", () => {
    for (const host of ["localhost.example", "mylocal.example", "internal.example.com"]) {
      expect(refusal(`https://${host}/clip.mp4`)).toBeUndefined();
    }
  });

  test("is refused for every spelling of a private IPv4 address", () => {
    const privateRanges = [
      [0x0a000000, 0x0affffff],
      [0x7f000000, 0x7fffffff],
      [0xac100000, 0xac1fffff],
      [0xc0a80000, 0xc0a8ffff],
      [0xa9fe0000, 0xa9feffff],
      [0x64400000, 0x647fffff],
    ] as const;
    const spellings: ((address: number) => string)[] = [
      (address) => String(address),
      (address) => `0x${address.toString(16)}`,
      (address) => `0${address.toString(8)}`,
      (address) => bytesOf(address).join("."),
      (address) =>
        bytesOf(address)
          .map((byte) => `0x${byte.toString(16)}`)
          .join("."),
      (address) => `${address >>> 24}.${address & 0xffffff}`,
      (address) => `[::ffff:${bytesOf(address).join(".")}]`,
      (address) => `[::ffff:${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}]`,
      (address) => `[::${bytesOf(address).join(".")}]`,
    ];
    const addresses = fc
      .constantFrom(...privateRanges)
      .chain(([min, max]) => fc.integer({ min, max }));
    fc.assert(
      fc.property(
        addresses,
        fc.constantFrom(...spellings),
        fc.constantFrom(...SCHEMES),
        (address, spell, scheme) => {
          expect(refusal(`${scheme}://${spell(address)}/`)).toMatch(/private host/);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

const bytesOf = (address: number): number[] =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
