/** From a stored object to the start that the first fitting rule makes of it. */
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

/** A console makes a folder by storing nothing under a name that ends so. */
export const isFolder = ({ key }: EventObject): boolean => key.endsWith("/");

const PLAYED = [
  "SdkAppId",
  "RoomIdType",
  "RepeatNum",
  "MaxDuration",
  "Volume",
  "SeekSecond",
  "AutoPush",
] as const satisfies readonly (keyof Rule)[];

/** The fields of StartStreamIngest, but for the StreamUrl; not checked yet. */
export function startFields(rule: Rule, object: EventObject): Record<string, unknown> {
  const places = placesOf(object);
  const { UserId } = rule;
  return {
    ...Object.fromEntries(
      PLAYED.filter((field) => rule[field] !== undefined).map((field) => [field, rule[field]]),
    ),
    RoomId: fillTemplate(rule.RoomId, places),
    ...(UserId === undefined ? {} : { UserId: fillTemplate(UserId, places) }),
  };
}

/** Where the rule says that the object is to be had in public. */
export const publicUrl = (template: string, object: EventObject): string =>
  fillTemplate(template, placesOf(object), encodeKey);

/**
 * To a URL, `a/../b` is `b`: nobody who fetches it would get this object. And the name of `a/...mp4`
 * is `..`, which leads out of the folder that a template puts it into.
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
