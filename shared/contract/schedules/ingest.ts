/** `Ingest` of a schedule: the body of StartStreamIngest for each occurrence, without its times. */
import * as Type from "@sinclair/typebox";
import { FIELDS } from "../fields.js";
import { START_FIELDS } from "../start-fields.js";

const CLOSED = {
  additionalProperties: false,
  description:
    "The fields of StartStreamIngest for each occurrence. SdkAppId is required. The schedule sets the times, and each start is signed anew.",
};

/** The schedule has these itself. The texts follow `There is no field Ingest.StopTime: `. */
export const INGEST_HINTS = {
  UserSig: "each start is signed anew, so leave it out",
  PrivateMapKey: "each start is signed anew, so leave it out",
  StartTime: "Windows says when each occurrence starts, so leave it out",
  StopTime: "the window ends each occurrence, so leave it out",
  MaxDuration: "the window ends each occurrence, so send its DurationSeconds or EndAt",
  ExtendableUntil: "the window ends each occurrence, so leave it out",
  ClientToken: "each occurrence has its own, so send one beside Ingest",
  StartWindowSeconds: "send CatchupSeconds beside Ingest",
} as const;

type Refused = keyof typeof INGEST_HINTS;

/** KeepAlive has another default here. */
const own = {
  SdkAppId: FIELDS.cn.SdkAppId,
  KeepAlive: Type.Optional(
    Type.Boolean({
      default: true,
      description: "Start the ingest again when TRTC ends it unasked before the end of its window.",
    }),
  ),
};

const without = <Fields extends Record<Refused, unknown>>(fields: Fields): Omit<Fields, Refused> =>
  Object.fromEntries(
    Object.entries(fields).filter(([name]) => !Object.hasOwn(INGEST_HINTS, name)),
  ) as Omit<Fields, Refused>;

export const SCHEDULED_INGEST = {
  intl: Type.Object({ ...without(START_FIELDS.intl), ...own }, CLOSED),
  cn: Type.Object({ ...without(START_FIELDS.cn), ...own }, CLOSED),
};
