/** The fields that every list shares: the room, the page. */
import * as Type from "@sinclair/typebox";
import { FIELDS, STRING_ROOM_PATTERN } from "./fields.js";

const optional = Type.Optional;

const { cn } = FIELDS;

/** `things`: what the list holds, as a plural. */
export const roomFilter = (things: string) => ({
  SdkAppId: optional(cn.SdkAppId),
  RoomId: optional(
    Type.String({
      pattern: STRING_ROOM_PATTERN,
      description: `Only ${things} in this room. RoomIdType distinguishes room 8489 from room "8489".`,
    }),
  ),
  RoomIdType: optional(cn.RoomIdType),
});

export const pageOf = (things: string) => ({
  Limit: optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 20,
      description: `The largest number of ${things} in the answer.`,
    }),
  ),
  Cursor: optional(
    Type.String({
      pattern: "^[\\x21-\\x7e]{1,128}$",
      description: "`NextCursor` of the previous answer, for the next page.",
    }),
  ),
});
