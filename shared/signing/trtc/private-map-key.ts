/**
 * PrivateMapKey: the signed permission of one user for one room. TRTC requires it beside the
 * UserSig when an application has "advanced permission control". It is a UserSig's envelope with a
 * userbuf inside, which names the room and the permitted actions.
 */
import { unixSeconds } from "../../clock.js";
import { openEnvelope, sealEnvelope } from "./tls-envelope.js";
import { type Holder, expiresAtSeconds, holderFault, instantOf } from "./tls-holder.js";
import { type RoomPass, readUserBuf, writeUserBuf } from "./user-buf.js";
import { type Refusal, type Verdict, refused } from "../tencent/verdict.js";

/** The bits of a privilege map. */
export const Privilege = {
  createRoom: 1,
  enterRoom: 2,
  sendAudio: 4,
  receiveAudio: 8,
  sendVideo: 16,
  receiveVideo: 32,
  sendSubStream: 64,
  receiveSubStream: 128,
} as const;

/** The rights of a robot that plays a stream: it may create the room, enter it and send. */
export const ROBOT_PRIVILEGES =
  Privilege.createRoom | Privilege.enterRoom | Privilege.sendAudio | Privilege.sendVideo;

export interface RoomPermission extends Holder {
  /** The application's SDKSecretKey, used as text although it looks like hex. */
  secretKey: string;
  roomId: string;
  /** 0: RoomId is a string. 1: RoomId is a 32-bit number in decimal. "7" and 7 are two rooms. */
  roomIdType: 0 | 1;
  /** A sum of `Privilege` bits. */
  privileges: number;
}

export type PrivateMapKeyFault =
  | "malformed"
  | "forged"
  | "foreign-app"
  | "foreign-user"
  | "expired"
  | "lacks-user-buf"
  | "foreign-room"
  | "lacks-privilege";

/**
 * Throws a RangeError for an empty key and for an id that is not plain text. Also for a RoomId that
 * is no number although `roomIdType` is 1. An expiry after 2106 fails too, since it is a 32-bit Unix
 * time.
 */
export function signPrivateMapKey(
  request: RoomPermission & { lifetimeSeconds: number },
  now: Date,
): string {
  const { sdkAppId, secretKey, userId, lifetimeSeconds } = request;
  const issuedAtSeconds = unixSeconds(now);
  const userBuf = writeUserBuf({ ...request, expiresAtSeconds: issuedAtSeconds + lifetimeSeconds });
  const claims = { userId, sdkAppId, issuedAtSeconds, lifetimeSeconds };
  return sealEnvelope({ ...claims, userBuf: userBuf.toString("base64") }, secretKey);
}

/**
 * Checks whether a PrivateMapKey lets this user into this room now, with at least these privileges.
 * A UserSig in its place "lacks a userbuf". A room's type is part of its identity.
 */
export function verifyPrivateMapKey(
  privateMapKey: string,
  requested: RoomPermission,
  now: Date,
): Verdict<{ issuedAt: Date; expiresAt: Date; privileges: number }, PrivateMapKeyFault> {
  const opened = openEnvelope(privateMapKey, requested.secretKey);
  if (!opened.ok) return opened;
  const { claims } = opened;
  const fault = holderFault(claims, requested, now);
  if (fault) return refused(fault);
  if (claims.userBuf === undefined) return refused("lacks-user-buf");
  const pass = readUserBuf(Buffer.from(claims.userBuf, "base64"));
  if (!pass) return refused("malformed");
  return (
    passFault(pass, requested, now) ?? {
      ok: true,
      issuedAt: instantOf(claims.issuedAtSeconds),
      expiresAt: instantOf(Math.min(expiresAtSeconds(claims), pass.expiresAtSeconds)),
      privileges: pass.privileges,
    }
  );
}

/** The userbuf repeats the user, the application and the expiry. They must match too. */
function passFault(
  pass: RoomPass,
  requested: RoomPermission,
  now: Date,
): Refusal<PrivateMapKeyFault> | undefined {
  if (pass.sdkAppId !== requested.sdkAppId) return refused("foreign-app");
  if (pass.userId !== requested.userId) return refused("foreign-user");
  if (!(unixSeconds(now) <= pass.expiresAtSeconds)) return refused("expired");
  if (pass.roomIdType !== requested.roomIdType) return refused("foreign-room");
  if (pass.roomId !== requested.roomId) return refused("foreign-room");
  const lacking = requested.privileges & ~pass.privileges;
  return lacking === 0 ? undefined : refused("lacks-privilege");
}
