/** The storages' side of presigned URLs: a URL is judged at an instant, as COS and S3 do. */
import { addMs, SECOND_MS, unixSeconds } from "../../../shared/clock.js";
import { equalInConstantTime } from "../../../shared/signing/constant-time.js";
import { signCos } from "../../../shared/signing/storage/cos-url.js";
import { S3_EXPIRES_SECONDS_MAX, signS3Query } from "../../../shared/signing/storage/s3-url.js";
import { refused, type Verdict } from "../../../shared/signing/tencent/verdict.js";

export function verifyCosUrl(
  url: string,
  secretKey: string,
  now: Date,
): Verdict<object, "malformed" | "expired" | "forged"> {
  const { host, pathname, searchParams } = new URL(url);
  const time = /^(\d{1,12});(\d{1,12})$/.exec(searchParams.get("q-sign-time") ?? "");
  const [from, until] = [Number(time?.[1]), Number(time?.[2])];
  const secretId = searchParams.get("q-ak");
  if (!time || secretId === null) return refused("malformed");
  const path = decodeURIComponent(pathname);
  const request = { method: "get", path, query: {}, headers: { host } };
  const expectedQuery = new URLSearchParams(
    signCos(request, { secretId, secretKey }, { from, until }),
  );
  for (const [name, value] of expectedQuery) {
    if (!equalInConstantTime(value, searchParams.get(name) ?? "")) return refused("forged");
  }
  const at = unixSeconds(now);
  return at >= from && at <= until ? { ok: true } : refused("expired");
}

export function verifyS3Url(
  url: string,
  secretKey: string,
  now: Date,
): Verdict<object, "malformed" | "expired" | "forged"> {
  const { host, pathname, searchParams } = new URL(url);
  const [secretId = "", , region] = (searchParams.get("X-Amz-Credential") ?? "").split("/");
  const at = instantOf(searchParams.get("X-Amz-Date"));
  const expiresSeconds = Number(searchParams.get("X-Amz-Expires") ?? "none");
  if (!at || region === undefined || !(expiresSeconds <= S3_EXPIRES_SECONDS_MAX)) {
    return refused("malformed");
  }
  const token = searchParams.get("X-Amz-Security-Token") ?? undefined;
  const signing = { host, path: pathname, region, expiresSeconds, at };
  const expectedQuery = new URLSearchParams(signS3Query(signing, { secretId, secretKey, token }));
  for (const [name, value] of expectedQuery) {
    if (!equalInConstantTime(value, searchParams.get(name) ?? "")) return refused("forged");
  }
  const until = addMs(at, expiresSeconds * SECOND_MS);
  return now >= at && now <= until ? { ok: true } : refused("expired");
}

function instantOf(time: string | null): Date | undefined {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time ?? "") ?? [];
  if (s === undefined) return undefined;
  const at = new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
