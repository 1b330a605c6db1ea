/** The user that enters the room and plays the stream: its name, its login and its permission. */
import { SECOND_MS } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import {
  type PrivateMapKeyFault,
  ROBOT_PRIVILEGES,
  signPrivateMapKey,
  verifyPrivateMapKey,
} from "../../signing/trtc/private-map-key.js";
import { signUserSig, type UserSigFault, verifyUserSig } from "../../signing/trtc/user-sig.js";
import type { Application } from "../../config/configuration.js";
import type { RoomIdType } from "../../contract/rooms.js";

export interface Robot {
  userId: string;
  roomId: string;
  roomIdType: RoomIdType;
}

/** The caller's own user and signatures, if it sent them. */
export interface BroughtAlong {
  UserId?: string;
  UserSig?: string;
  PrivateMapKey?: string;
}

/**
 * TRTC does not document whether it checks the login again during a task, as after a reconnect. So
 * the login outlives the task by a day.
 */
const MARGIN_SECONDS = 24 * 60 * 60;

export interface RobotCredentials {
  UserId: string;
  UserSig: string;
  PrivateMapKey?: string;
}

/**
 * Signs the login and permission that the caller did not send. Signatures are never stored: a later
 * call signs again.
 */
export function signRobot(
  application: Application,
  robot: Robot,
  { brought = {}, now, until }: { brought?: BroughtAlong | undefined; now: Date; until: Date },
): RobotCredentials {
  const { SdkAppId: sdkAppId, SecretKey: secretKey } = application;
  const lastsSeconds = Math.ceil((until.getTime() - now.getTime()) / SECOND_MS);
  const signed = { sdkAppId, secretKey, lifetimeSeconds: lastsSeconds + MARGIN_SECONDS };
  const { userId } = robot;
  const login = {
    UserId: userId,
    UserSig: brought.UserSig ?? signUserSig({ ...signed, userId }, now),
  };
  if (brought.PrivateMapKey !== undefined) {
    return { ...login, PrivateMapKey: brought.PrivateMapKey };
  }
  if (!application.AdvancedPermission) return login;
  const permission = { ...signed, ...robot, privileges: ROBOT_PRIVILEGES };
  return { ...login, PrivateMapKey: signPrivateMapKey(permission, now) };
}

/** Returns the reason why TRTC would refuse a login. This check saves a row, a slot and a call. */
export function loginRefusal(
  application: Application,
  robot: Omit<Robot, "userId">,
  { brought, now }: { brought: BroughtAlong; now: Date },
): ApiError | undefined {
  const { UserId: userId, UserSig, PrivateMapKey } = brought;
  if (userId === undefined) {
    if (UserSig === undefined && PrivateMapKey === undefined) return undefined;
    return new ApiError(
      "MissingParameter",
      "UserId is missing: UserSig and PrivateMapKey are signed for one user, so send its UserId, or leave out all three.",
    );
  }
  const login = { sdkAppId: application.SdkAppId, secretKey: application.SecretKey, userId };
  if (UserSig !== undefined) {
    const verdict = verifyUserSig(UserSig, login, now);
    if (!verdict.ok) return wrong("UserSig", verdict.reason);
  }
  if (PrivateMapKey !== undefined) {
    const permission = { ...login, ...robot, privileges: ROBOT_PRIVILEGES };
    const verdict = verifyPrivateMapKey(PrivateMapKey, permission, now);
    if (!verdict.ok) return wrong("PrivateMapKey", verdict.reason);
  }
  return undefined;
}

const WORDS: Readonly<Record<UserSigFault | PrivateMapKeyFault, string>> = {
  malformed: "cannot be read",
  forged: "is not signed with the application's key",
  expired: "has expired",
  "foreign-app": "is of another application",
  "foreign-user": "is of another user",
  "foreign-room": "is of another room",
  "carries-user-buf": "is a PrivateMapKey",
  "lacks-user-buf": "is a UserSig",
  "lacks-privilege": "does not let the robot create the room, enter it and send",
};

function wrong(field: "UserSig" | "PrivateMapKey", reason: keyof typeof WORDS): ApiError {
  return new ApiError(
    `InvalidParameter.${field}`,
    `${field} ${WORDS[reason]}: sign it anew for this UserId, room and SdkAppId, or leave it out and it is signed for you.`,
  );
}
