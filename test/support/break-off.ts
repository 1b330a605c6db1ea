/** Breaks a connection off, as a process that dies does. */
import type { Socket } from "node:net";

/**
 * Resets it. One whose end is under way is only closed: Node.js 20 leaves such a socket open where it
 * is reset, and the process then never ends.
 */
export const breakOff = (socket: Socket | null | undefined): void => {
  if (socket?.writableEnded) socket.destroy();
  else socket?.resetAndDestroy();
};
