/** A media server on this machine that can die, and come back. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock as clock } from "../../shared/clock.js";
import { mediaFile } from "../../emulator/media-files.js";
import { serveBytes } from "../../emulator/serve-bytes.js";

const LOOPBACK = "127.0.0.1";

export interface FailingSource {
  url: string;
  /** Cuts each connection, also those to come. */
  die: () => void;
  revive: () => void;
  /** When it answered first after its death. */
  answeredAgainAt: () => Date | undefined;
  close: () => Promise<void>;
}

export async function startFailingSource(): Promise<FailingSource> {
  const media = mediaFile("clip.mp4");
  if (!media) throw new Error("emulator/media/clip.mp4 is missing: check the project out again");
  let isDead = false;
  let hasDied = false;
  let answeredAgainAt: Date | undefined;
  const server = createServer((request, response) => {
    if (isDead) {
      request.socket.destroy();
      return;
    }
    if (hasDied) answeredAgainAt ??= clock.now();
    serveBytes({ request, response }, media);
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/talk.mp4`,
    die() {
      isDead = hasDied = true;
      server.closeAllConnections();
    },
    revive() {
      isDead = false;
    },
    answeredAgainAt: () => answeredAgainAt,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
