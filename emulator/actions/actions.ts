/** The actions of the emulator, each with its fields and its function. */
import type { TObject } from "@sinclair/typebox";
import type { ActionContext } from "./context.js";
import { describeStreamIngest } from "./describe.js";
import { dismissRoom, dismissRoomByStrRoomId } from "./dismiss-room.js";
import { removeUser, removeUserByStrRoomId } from "./remove-user.js";
import { startStreamIngest } from "./start.js";
import { stopStreamIngest } from "./stop.js";
import { updateStreamIngest } from "./update.js";
import { checksOf, TRTC_SCHEMAS, type TrtcAction, type TrtcRequests } from "../api/schemas.js";

export interface Served {
  /**
   * The type of each field, from the Chinese site's schema, which contains the fields of both
   * sites.
   */
  types: TObject;
  /** Checks the fields, acts and returns the answer. Throws an ApiError. */
  run: (context: ActionContext, fields: unknown) => object;
}

function served<A extends TrtcAction>(
  action: A,
  act: (context: ActionContext, request: TrtcRequests[A]) => object,
): Served {
  const checks = checksOf(action);
  return {
    types: TRTC_SCHEMAS[action].cn,
    run: (context, fields) => act(context, checks[context.application.site](fields)),
  };
}

export const SERVED: Readonly<Record<TrtcAction, Served>> = {
  StartStreamIngest: served("StartStreamIngest", startStreamIngest),
  StopStreamIngest: served("StopStreamIngest", stopStreamIngest),
  UpdateStreamIngest: served("UpdateStreamIngest", updateStreamIngest),
  DescribeStreamIngest: served("DescribeStreamIngest", describeStreamIngest),
  RemoveUser: served("RemoveUser", removeUser),
  RemoveUserByStrRoomId: served("RemoveUserByStrRoomId", removeUserByStrRoomId),
  DismissRoom: served("DismissRoom", dismissRoom),
  DismissRoomByStrRoomId: served("DismissRoomByStrRoomId", dismissRoomByStrRoomId),
};
