/** One GET to a public host, over a connection of its own. */
import { lookup as systemLookup } from "node:dns";
import { isBadPort } from "../network/bad-ports.js";
import type { Reach } from "../network/open-request.js";
import { hostOfUrl, isPrivateHost } from "../network/private-hosts.js";
import { PrivateHostError, publicOnly } from "../network/public-lookup.js";
import type { Visitor } from "./http/bounded-fetch.js";
import { lenientGet } from "./http/lenient-get.js";

export const publicGet =
  ({ allowPrivateHosts, lookup = systemLookup, ca }: Reach): Visitor["get"] =>
  async (url, asked) => {
    if (isBadPort(url)) throw new Error("Its port belongs to another service than media.");
    if (url.username !== "" || url.password !== "") {
      throw new Error("It redirects to an address with a user name or password.");
    }
    asked.signal.throwIfAborted();
    // Node.js connects to an IP address without a look-up, so `publicOnly` does not check it.
    if (!allowPrivateHosts && isPrivateHost(hostOfUrl(url))) throw new PrivateHostError();
    return lenientGet(url, asked, {
      lookup: allowPrivateHosts ? lookup : publicOnly(lookup),
      ...(ca === undefined ? {} : { ca }),
    });
  };
