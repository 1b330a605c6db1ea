/** One GET of the emulator, to any host. */
import type { IncomingMessage } from "node:http";
import type { Asked } from "../../shared/media/http/bounded-fetch.js";
import { lenientGet } from "../../shared/media/http/lenient-get.js";
import { isBadPort } from "../../shared/network/bad-ports.js";

/** Resolves with the answer's head. The body follows as it is read. */
export async function get(url: URL, asked: Asked): Promise<IncomingMessage> {
  if (isBadPort(url)) {
    throw new Error(
      `Port ${url.port} belongs to another service: send a URL that leads to another port.`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("The address holds a user name or password: send a URL that needs none.");
  }
  asked.signal.throwIfAborted();
  return lenientGet(url, asked);
}
