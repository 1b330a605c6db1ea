/**
 * Looks a name up for a connection, and refuses one that leads inside. What a name means is
 * whoever's it is to say, and may change between two look-ups: so the very answer that is connected
 * to is judged, and not one asked for ahead.
 */
import type { LookupFunction } from "node:net";
import { isPrivateHost } from "../contract/private-hosts.js";
import { NotifyError } from "./notify-error.js";

export const publicOnly =
  (lookup: LookupFunction): LookupFunction =>
  (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      const [first] = addresses;
      if (error) callback(error, []);
      else if (!first || addresses.some(({ address }) => isPrivateHost(address))) {
        callback(new NotifyError("PrivateHost"), []);
      } else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
