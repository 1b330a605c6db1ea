/** Turns a stored object into the start that its first matching rule describes. */
import { ApiError } from "../contract/errors.js";
import { encodeKey } from "../signing/storage/presigned.js";
import type { Rule } from "../config/event-rules.js";
import { fillTemplate, placesOf } from "../config/templates.js";
import type { EventObject } from "./message.js";

export const ruleFor = (rules: readonly Rule[], { bucket, key }: EventObject): Rule | undefined =>
  rules.find(
    ({ Bucket, Prefix = "", Suffix = "" }) =>
      bucket === Bucket && key.startsWith(Prefix) && key.endsWith(Suffix),
  );

/** A console creates a folder as an empty object with such a name. */
export const isFolder = ({ key }: EventObject): boolean => key.endsWith("/");

const PLAYED = [
  "SdkAppId",
  "RoomIdType",
  "RepeatNum",
  "MaxDuration",
  "Volume",
  "SeekSecond",
  "AutoPush",
  "ProbeSource",
] as const satisfies readonly (keyof Rule)[];

/** The fields of StartStreamIngest without the StreamUrl. They are not checked yet. */
export function startFields(rule: Rule, object: EventObject): Record<string, unknown> {
  const places = placesOf(object);
  const { UserId } = rule;
  return {
    ...Object.fromEntries(
      PLAYED.filter((field) => rule[field] !== undefined).map((field) => [field, rule[field]]),
    ),
    RoomId: fillTemplate(rule.RoomId ?? "", places),
    ...(UserId === undefined ? {} : { UserId: fillTemplate(UserId, places) }),
  };
}

/** The object's public address, as the rule defines it. */
export const publicUrl = (template: string, object: EventObject): string =>
  fillTemplate(template, placesOf(object), encodeKey);

/**
 * A URL treats `a/../b` as `b`, so a client would get another object. The name of `a/...mp4` is
 * `..`, and it leads out of the template's folder.
 */
export function checkKey(object: EventObject): void {
  const { key, name } = placesOf(object);
  const hasDots = [...key.split("/"), name].some((part) => part === "." || part === "..");
  if (!hasDots && !/\p{Surrogate}/u.test(key)) return;
  throw new ApiError(
    "InvalidParameter.StreamUrl",
    "The object's key cannot be part of a URL: call it by another name.",
  );
}
