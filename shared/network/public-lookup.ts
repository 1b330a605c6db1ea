/**
 * Looks up a name for a connection, and refuses private addresses. The owner of a name can change
 * its addresses between two look-ups. So this checks the same answer that the connection uses.
 */
import type { LookupFunction } from "node:net";
import { isPrivateHost } from "./private-hosts.js";

/** Its message has neither the name nor its address. */
export class PrivateHostError extends Error {
  override readonly name = "PrivateHostError";

  constructor() {
    super("It leads to a private host.");
  }
}

export const publicOnly =
  (lookup: LookupFunction): LookupFunction =>
  (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, result) => {
      const addresses = Array.isArray(result) ? result : [];
      const [first] = addresses;
      if (error) callback(error, []);
      else if (!first || addresses.some(({ address }) => isPrivateHost(address))) {
        callback(new PrivateHostError(), []);
      } else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
