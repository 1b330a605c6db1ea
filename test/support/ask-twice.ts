/** Asks a TLS server twice by a start's connections: `ask-twice.ts <host>`. Trusts NODE_EXTRA_CA_CERTS. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { makeConnections } from "../../shared/trtc/connections.js";

const host = process.argv[2] ?? "";
const connections = makeConnections(false);
for (let count = 0; count < 2; count += 1) {
  connections.openAhead(host);
  const request = get(`https://${host}/`, { agent: connections.fresh });
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  await once(answer.resume(), "end");
}
connections.close();
