/** One GET to a public host, over a connection of its own. Node's parser reads the answer strictly. */
import { isBadPort } from "../network/bad-ports.js";
import { openRequest, type Reach } from "../network/open-request.js";
import type { Visitor } from "./http/bounded-fetch.js";

export const publicGet =
  (reach: Reach): Visitor["get"] =>
  async (url, { headers, signal }) => {
    if (isBadPort(url)) throw new Error("Its port belongs to another service than media.");
    if (url.username !== "" || url.password !== "") {
      throw new Error("It redirects to an address with a user name or password.");
    }
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      openRequest(url, { headers, signal }, reach)
        .once("response", resolve)
        .on("error", reject)
        .end();
    });
  };
