/** A temporary authority and certificate for Tencent's hosts, for one rehearsal. */
import { generate } from "selfsigned";
import { addMs, MINUTE_MS, systemClock as clock } from "../../shared/clock.js";

export interface Certificates {
  /** In PEM, for NODE_EXTRA_CA_CERTS. */
  authority: string;
  key: string;
  certificate: string;
}

const LIFETIME_MS = 120 * MINUTE_MS;

/**
 * `hosts` may begin with `*.`, for one label. A negative `lifetimeMs` gives an expired certificate.
 */
export async function makeCertificates(
  hosts: readonly string[],
  { lifetimeMs = LIFETIME_MS, authorityName = "rehearsal authority" } = {},
): Promise<Certificates> {
  const lifetime = {
    keyType: "ec",
    algorithm: "sha256",
    // Starts earlier, so that a machine with a slightly different clock accepts it.
    notBeforeDate: addMs(clock.now(), -MINUTE_MS + Math.min(0, 2 * lifetimeMs)),
    notAfterDate: addMs(clock.now(), LIFETIME_MS),
  } as const;
  const authority = await generate([{ name: "commonName", value: authorityName }], {
    ...lifetime,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: "commonName", value: "rehearsal cloud" }], {
    ...lifetime,
    notAfterDate: addMs(clock.now(), lifetimeMs),
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      {
        name: "subjectAltName",
        altNames: hosts.map((value) => ({ type: 2 as const, value })),
      },
    ],
  });
  return { authority: authority.cert, key: server.private, certificate: server.cert };
}
