/** Who runs a command, for the history of the ingests that it changes. */
import { userInfo } from "node:os";
import type { Actor } from "../shared/store/history/actor.js";

/** `command`: as the operator types it. */
export const operatorOf = (command: string): Actor => ({
  kind: "operator",
  id: nameOfUser(),
  function: command,
});

/** A container's user may have no name. */
function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
