/**
 * TRTC's own fields: the project's fields without our additions, and with every field required that
 * TRTC requires. Both use the same parts, so their ranges cannot differ.
 */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { FIELDS, NUMERIC_ROOM_MAX } from "../../shared/contract/fields.js";
import { type Check, makeCheck } from "../../shared/contract/check.js";
import type { Site } from "../../shared/contract/sites.js";

const CLOSED = { additionalProperties: false };

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

const { intl, cn } = FIELDS;

const cnOnly = { EnableProgress: optional(cn.EnableProgress), Tempo: optional(cn.Tempo) };

const startFields = (f: typeof intl | typeof cn) => ({
  SdkAppId: f.SdkAppId,
  RoomId: f.RoomId,
  RoomIdType: f.RoomIdType,
  UserId: f.UserId,
  UserSig: f.UserSig,
  PrivateMapKey: optional(f.PrivateMapKey),
  SeekSecond: optional(f.SeekSecond),
  AutoPush: optional(f.AutoPush),
  RepeatNum: optional(f.RepeatNum),
  MaxDuration: optional(f.MaxDuration),
  Volume: optional(f.Volume),
});

const updateFields = (f: typeof intl | typeof cn) => ({
  SdkAppId: f.SdkAppId,
  TaskId: f.TaskId,
  StreamUrl: optional(f.StreamUrl),
  Volume: optional(f.Volume),
  IsPause: optional(f.IsPause),
});

const named = Type.Object({ SdkAppId: cn.SdkAppId, TaskId: cn.TaskId }, CLOSED);

/** The action itself checks UserIds, because TRTC has specific codes for it. */
const removal = { SdkAppId: cn.SdkAppId, UserIds: optional(Type.Unknown()) };

const numericRoom = Type.Integer({ minimum: 1, maximum: NUMERIC_ROOM_MAX });

const removeUser = Type.Object({ ...removal, RoomId: numericRoom }, CLOSED);

const removeUserByStrRoomId = Type.Object({ ...removal, RoomId: cn.RoomId }, CLOSED);

const dismissRoom = Type.Object({ SdkAppId: cn.SdkAppId, RoomId: numericRoom }, CLOSED);

const dismissRoomByStrRoomId = Type.Object({ SdkAppId: cn.SdkAppId, RoomId: cn.RoomId }, CLOSED);

export const TRTC_SCHEMAS = {
  StartStreamIngest: {
    // The international page says that StreamUrl is not required. A start without it has nothing to
    // play, so the action refuses it.
    intl: Type.Object({ ...startFields(intl), StreamUrl: optional(intl.StreamUrl) }, CLOSED),
    cn: Type.Object(
      {
        ...startFields(cn),
        ...cnOnly,
        StreamUrl: cn.StreamUrl,
        IdleTimeout: optional(cn.IdleTimeout),
      },
      CLOSED,
    ),
  },
  StopStreamIngest: { intl: named, cn: named },
  UpdateStreamIngest: {
    intl: Type.Object(updateFields(intl), CLOSED),
    cn: Type.Object({ ...updateFields(cn), ...cnOnly }, CLOSED),
  },
  DescribeStreamIngest: { intl: named, cn: named },
  RemoveUser: { intl: removeUser, cn: removeUser },
  RemoveUserByStrRoomId: { intl: removeUserByStrRoomId, cn: removeUserByStrRoomId },
  DismissRoom: { intl: dismissRoom, cn: dismissRoom },
  DismissRoomByStrRoomId: { intl: dismissRoomByStrRoomId, cn: dismissRoomByStrRoomId },
};

export type TrtcAction = keyof typeof TRTC_SCHEMAS;

export const TRTC_ACTIONS = Object.keys(TRTC_SCHEMAS) as TrtcAction[];

export const isTrtcAction = (name: string): name is TrtcAction => Object.hasOwn(TRTC_SCHEMAS, name);

/** The fields that an action gets. Fields of one site are absent on the other. */
type StartFields = Static<(typeof TRTC_SCHEMAS.StartStreamIngest)["cn"]>;

export interface TrtcRequests {
  StartStreamIngest: Omit<StartFields, "StreamUrl"> & { StreamUrl?: string };
  StopStreamIngest: Static<typeof named>;
  UpdateStreamIngest: Static<(typeof TRTC_SCHEMAS.UpdateStreamIngest)["cn"]>;
  DescribeStreamIngest: Static<typeof named>;
  RemoveUser: Static<typeof removeUser>;
  RemoveUserByStrRoomId: Static<typeof removeUserByStrRoomId>;
  DismissRoom: Static<typeof dismissRoom>;
  DismissRoomByStrRoomId: Static<typeof dismissRoomByStrRoomId>;
}

/** The checks of one action. Each throws an ApiError with TRTC's code. */
export const checksOf = <A extends TrtcAction>(
  action: A,
): Readonly<Record<Site, Check<TrtcRequests[A]>>> => ({
  intl: makeCheck<TrtcRequests[A]>(TRTC_SCHEMAS[action].intl),
  cn: makeCheck<TrtcRequests[A]>(TRTC_SCHEMAS[action].cn),
});
