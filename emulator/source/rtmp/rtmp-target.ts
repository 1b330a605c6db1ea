/**
 * The request behind an RTMP address. The address does not mark where the application ends and the
 * stream begins. Servers and players agreed on signs. Without a sign the first part of the path is
 * the application.
 */
import { isIP } from "node:net";

export interface Target {
  isSecure: boolean;
  host: string;
  port: number;
  app: string;
  stream: string;
  tcUrl: string;
}

const DEFAULT_PORTS = { rtmp: 1935, rtmps: 443 };

/** An instance of an application in Flash Media Server and Wowza. */
const DEFAULT_INSTANCE = "_definst_";

/** A stream's name may begin with its type. An application's name does not. */
const WITH_KIND = /^(mp4|m4v|f4v|flv|mp3|aac|id3|raw|smil|ngrp|amlst|dvr):/i;

export function targetOf(streamUrl: string): Target {
  const scheme = /^rtmps:/i.test(streamUrl) ? "rtmps" : "rtmp";
  // The host is read as in http. The port is read from the original address, since http would drop
  // 80.
  const { hostname } = new URL(streamUrl.replace(/^\w+:/, "http:"));
  const { port, pathname, search } = new URL(streamUrl);
  const { app, stream } = parts((pathname + search).replace(/^\//, ""));
  return {
    isSecure: scheme === "rtmps",
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    app,
    stream,
    port: Number(port || DEFAULT_PORTS[scheme]),
    tcUrl: `${scheme}://${hostname}${port && `:${port}`}/${app}`,
  };
}

function parts(path: string): { app: string; stream: string } {
  const split = (at: number) => ({ app: path.slice(0, at), stream: path.slice(at + 1) });
  const question = path.indexOf("?");
  const slash = path.indexOf("/");
  const lastSlash = path.lastIndexOf("/");
  if (slash < 0) return question < 0 ? { app: path, stream: "" } : queried(path, question);
  // The query of an application names its virtual host and its token. The stream comes after it.
  if (question >= 0 && question < slash) return split(lastSlash);

  const names = (question < 0 ? path : path.slice(0, question)).split("/");
  const kindAt = names.findIndex((name, at) => at > 0 && WITH_KIND.test(name));
  if (kindAt > 0) return split(names.slice(0, kindAt).join("/").length);
  const hasInstance = names.length > 2 && names[1] === DEFAULT_INSTANCE;
  return split(hasInstance ? names.slice(0, 2).join("/").length : slash);
}

/** An application without a stream: its query is sent as the stream's name. */
const queried = (path: string, question: number): { app: string; stream: string } => ({
  app: path.slice(0, question),
  stream: path.slice(question),
});

/** A name that a certificate may contain. */
export const serverNameOf = ({ host }: Target): { servername?: string } =>
  isIP(host) ? {} : { servername: host };
