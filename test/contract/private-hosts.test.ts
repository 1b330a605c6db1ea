/** Private hosts, in every spelling of a name or an address. */
import { describe, expect, test } from "@jest/globals";
import { hostOfUrl, isPrivateHost } from "../../shared/network/private-hosts.js";

/** In the form of a URL, after WHATWG's parser. */
const ofUrl = (host: string) => isPrivateHost(hostOfUrl(new URL(`https://${host}/`)));

/** Each is a private address, or the first or last of a private range. */
const INSIDE = [
  ...["127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0"],
  ...["172.31.255.255", "192.168.0.0", "192.168.255.255", "169.254.0.1", "169.254.169.254"],
  ...["100.64.0.0", "100.127.255.255", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255"],
  ...["192.0.2.1", "198.51.100.1", "203.0.113.1", "240.0.0.1", "198.18.0.1"],
];
const OUTSIDE = [
  ...["8.8.8.8", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255"],
  ...["192.169.0.0", "169.253.255.255", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
  ...["128.0.0.0", "1.1.1.1"],
];

const bytesOf = (address: string) => address.split(".").map(Number);
const hex = (address: string) => {
  const [a = 0, b = 0, c = 0, d = 0] = bytesOf(address);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
};

/** The same address, written in IPv6. */
const MAPPED: [string, (address: string) => string][] = [
  ["mapped, in dots", (address) => `::ffff:${address}`],
  ["mapped, in hexadecimal", (address) => `::ffff:${hex(address)}`],
  ["mapped, in full", (address) => `0:0:0:0:0:ffff:${hex(address)}`],
];

/** The same address as old resolvers read it. */
const OF_OLD: [string, (address: string) => string][] = [
  ["one number", (address) => String(bytesOf(address).reduce((all, byte) => all * 256 + byte))],
  [
    "one hexadecimal number",
    (address) =>
      `0x${bytesOf(address)
        .reduce((all, byte) => all * 256 + byte)
        .toString(16)}`,
  ],
  [
    "octal bytes",
    (address) =>
      bytesOf(address)
        .map((byte) => `0${byte.toString(8)}`)
        .join("."),
  ],
  [
    "two parts",
    (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = bytesOf(address);
      return `${a}.${(b * 256 + c) * 256 + d}`;
    },
  ],
  ["a dot behind it", (address) => `${address}.`],
];

describe.each([
  ["inside", INSIDE, true],
  ["outside", OUTSIDE, false],
] as const)("an address of the %s", (_, addresses, expected) => {
  test.each(addresses)("is private: %s, in IPv4 and in IPv6 that maps to it", (address) => {
    expect([isPrivateHost(address), ofUrl(address)]).toEqual([expected, expected]);
    for (const [form, written] of MAPPED) {
      const text = written(address);
      expect([form, isPrivateHost(text)]).toEqual([form, expected]);
      expect([form, ofUrl(`[${text}]`)]).toEqual([form, expected]);
      expect([form, ofUrl(`[${text.toUpperCase()}]`)]).toEqual([form, expected]);
    }
  });

  test.each(OF_OLD)("is private in the old notation %s in a URL", (_form, written) => {
    for (const address of addresses) {
      expect([address, ofUrl(written(address))]).toEqual([address, expected]);
    }
  });
});

describe("in IPv6", () => {
  test.each([
    ...["::1", "::", "fe80::1", "febf::1", "fc00::1", "fdff::1", "ff02::1", "::7f00:1"],
    ...["::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2001:db8::1", "2002:7f00:1::"],
    ...["fec0::1", "100::1", "4000::1"],
  ])("%s is private", (address) => {
    expect([isPrivateHost(address), ofUrl(`[${address}]`)]).toEqual([true, true]);
  });

  test.each(["2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1"])(
    "%s is public",
    (address) => {
      expect([isPrivateHost(address), ofUrl(`[${address}]`)]).toEqual([false, false]);
    },
  );
});

describe("a name", () => {
  test.each([
    ...["localhost", "LOCALHOST", "a.localhost", "localhost.", "a.local", "b.internal", "intranet"],
    ...["x.home.arpa", "x.lan", "x.corp", "router", "metadata.tencentyun.com"],
    ...["tencentyun.com", "kms.ap-guangzhou.tencentyun.com", "cos-internal.tencentcos.cn"],
    "media-1250000000.cos-internal.ap-guangzhou.tencentcos.cn",
    "MEDIA-1250000000.COS-INTERNAL.ap-guangzhou.myqcloud.com",
    ...["metadata.google.internal", "trtc.internal.tencentcloudapi.com"],
    ...["internal.tencentcloudapi.com", "media.oss-cn-hangzhou-internal.aliyuncs.com"],
  ])("%s is private", (name) => {
    expect(ofUrl(name)).toBe(true);
  });

  test.each([
    "media.example.com",
    "localhost.example.com",
    "local.example",
    "mylocalhost.com",
    "mytencentyun.com",
    "cos-internals.example.com",
    ...["trtc.tencentcloudapi.com", "myinternal.tencentcloudapi.com"],
    ...["media.oss-cn-hangzhou.aliyuncs.com", "media.oss-internal.aliyuncs.com.example"],
  ])("%s is public", (name) => {
    expect(ofUrl(name)).toBe(false);
  });
});
