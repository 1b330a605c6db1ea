/**
 * Connections to TRTC. A start uses a new one, which it opens while its row is written: on a real
 * network TCP and TLS take two round trips. All other calls keep theirs.
 */
import { Agent as PlainAgent, type AgentOptions } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { SECOND_MS, systemClock } from "../clock.js";

/** A connection that no call has used yet. `close` does nothing once a call has taken it. */
export interface OpenedAhead {
  close: () => void;
}

export interface Connections {
  /**
   * Takes a connection that was opened ahead, or opens one. A kept connection may have closed while
   * the instance was frozen. Such a failure looks like a lost answer: the start may or may not have
   * happened.
   */
  fresh: PlainAgent;
  /** For calls that may be repeated. They save the handshake. */
  kept: PlainAgent;
  /** `host` may name a port. */
  openAhead: (host: string) => OpenedAhead;
  close: () => void;
}

/**
 * A connection counts as new for so long. No server and no gateway closes an idle connection that
 * soon, and an instance that was frozen meanwhile wakes up later.
 */
export const NEW_FOR_MS = 2 * SECOND_MS;

interface Address {
  host: string;
  port: number;
}

interface Ahead extends Address {
  socket: Socket;
  openedAt: number;
}

export function makeConnections(
  isPlain: boolean,
  nowMs = () => systemClock.now().getTime(),
): Connections {
  const connect = isPlain ? connectPlainly : tlsConnector();
  const ahead = new Set<Ahead>();

  /** By the wall clock, which also counts the time of a freeze. */
  const isNew = ({ socket, openedAt }: Ahead): boolean => {
    const ageMs = nowMs() - openedAt;
    return !socket.destroyed && ageMs >= 0 && ageMs < NEW_FOR_MS;
  };

  /** The oldest one, so that none grows old. */
  function take({ host, port }: Address): Socket | undefined {
    for (const opened of ahead) {
      if (opened.host !== host || opened.port !== port) continue;
      ahead.delete(opened);
      if (isNew(opened)) return opened.socket;
      opened.socket.destroy();
    }
    return undefined;
  }

  function openAhead(host: string): OpenedAhead {
    const address = addressOf(host, isPlain);
    const opened = { ...address, socket: connect(address, NEW_FOR_MS), openedAt: nowMs() };
    const close = () => {
      if (ahead.delete(opened)) opened.socket.destroy();
    };
    const forget = () => ahead.delete(opened);
    ahead.add(opened);
    // The call then opens another one, and reports why that fails.
    opened.socket.on("error", forget).once("end", close).once("close", forget);
    opened.socket.once("timeout", close);
    return { close };
  }

  const Agent = isPlain ? PlainAgent : TlsAgent;
  class FreshAgent extends Agent {
    constructor() {
      super({ keepAlive: false });
    }

    /** Node.js calls it for each request, since no connection is kept. */
    override createConnection({ host, port }: AgentOptions & Partial<Address>): Socket {
      const address = { host: host ?? "", port: Number(port) };
      return take(address) ?? connect(address);
    }
  }

  const [fresh, kept] = [new FreshAgent(), new Agent({ keepAlive: true })];
  return {
    fresh,
    kept,
    openAhead,
    close() {
      for (const { socket } of ahead) socket.destroy();
      ahead.clear();
      fresh.destroy();
      kept.destroy();
    },
  };
}

function addressOf(host: string, isPlain: boolean): Address {
  const { hostname, port } = new URL(`${isPlain ? "http" : "https"}://${host}`);
  // A request names an IPv6 address without its brackets.
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (isPlain ? 80 : 443)) };
}

/** Without a call it closes after `idleMs`. A call has its own time limit. */
type Connect = (address: Address, idleMs?: number) => Socket;

const connectPlainly: Connect = ({ host, port }, idleMs = 0) =>
  connectPlain({ host, port, noDelay: true, timeout: idleMs });

/** A session of an earlier connection saves both sides most of the handshake's work. */
function tlsConnector(): Connect {
  const sessions = new Map<string, Buffer>();
  return ({ host, port }, idleMs = 0) => {
    const key = `${host}:${port}`;
    const socket = connectTls({
      host,
      port,
      servername: isIP(host) === 0 ? host : "",
      ALPNProtocols: ["http/1.1"],
      session: sessions.get(key),
      timeout: idleMs,
    });
    socket.setNoDelay(true);
    socket.on("session", (session) => sessions.set(key, session));
    // A session that the server does not take must not fail every later connection.
    socket.on("error", () => sessions.delete(key));
    return socket;
  };
}
