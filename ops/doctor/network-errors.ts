/** Explains why a host cannot be reached, for errors of Node, fetch or `pg`. */
const WORDS: Readonly<Record<string, [finding: string, todo: string]>> = {
  ECONNREFUSED: ["nothing listens there", "check host and port, and that the server runs"],
  ECONNRESET: [
    "the connection was cut",
    "check what stands in between, and whether TLS is expected",
  ],
  ENOTFOUND: ["the host does not exist", "check its spelling, and which DNS this machine asks"],
  EAI_AGAIN: ["its name cannot be looked up now", "check this machine's DNS"],
  ETIMEDOUT: ["no answer", "check VPC, subnet, security group and firewall"],
  EHOSTUNREACH: ["there is no route to the host", "check VPC, subnet and routes"],
  ENETUNREACH: ["there is no route to the network", "check this machine's network"],
  ENOENT: ["a certificate file is missing", "correct sslrootcert, sslcert and sslkey"],
  NO_TLS: [
    "it does not support TLS",
    "enable TLS there; only a database on this machine may work without it",
  ],
  CERT_HAS_EXPIRED: ["its certificate has expired", "renew the certificate"],
  CERT_NOT_YET_VALID: ["its certificate is not valid yet", "check clock and certificate"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "its certificate belongs to another host",
    "use the host name in the certificate",
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    "its certificate is self-signed",
    "trust it: DATABASE_CA for the database, NODE_EXTRA_CA_CERTS for anything else",
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    "its certificate's authority is not known here",
    "trust it: DATABASE_CA for the database, NODE_EXTRA_CA_CERTS for anything else",
  ],
  CERT_SIGNATURE_FAILURE: [
    "its certificate is signed by another authority of the same name",
    "trust it: DATABASE_CA for the database, NODE_EXTRA_CA_CERTS for anything else",
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "its certificate's authority is not known here",
    "trust it: DATABASE_CA for the database, NODE_EXTRA_CA_CERTS for anything else",
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    "its certificate's authority is not known here",
    "trust it: DATABASE_CA for the database, NODE_EXTRA_CA_CERTS for anything else",
  ],
  "28P01": ["user or password is wrong", "correct DATABASE_URL"],
  "28000": ["the server does not let this user in from here", "check its access rules, and TLS"],
  "3D000": ["the database does not exist", "create it, or correct DATABASE_URL"],
  "53300": ["all of its connections are in use", "raise max_connections, or put a pooler in front"],
  "57P03": ["it is starting", "try again in a moment"],
  "42501": ["the role lacks read rights", "grant it the tables' privileges"],
};

/** Errors without a code, by their message. */
const SAYINGS: readonly [RegExp, string][] = [
  [/timeout|timed out|aborted/i, "ETIMEDOUT"],
  [/socket hang up|terminated|other side closed/i, "ECONNRESET"],
];

/** Never uses the error's own message, which may contain a URL. Only its code is used. */
export function networkWords(error: unknown): { finding: string; todo: string } {
  const code = codeOf(error);
  const [finding, todo] = WORDS[code] ?? [
    `it failed with ${code}`,
    "try it by hand, with curl or psql",
  ];
  return { finding: code in WORDS ? `${finding} (${code})` : finding, todo };
}

function codeOf(error: unknown): string {
  const {
    code,
    message = "",
    name,
    cause,
    errors,
  } = error as {
    code?: unknown;
    message?: string;
    name?: string;
    cause?: unknown;
    errors?: unknown[];
  };
  if (typeof code === "string" && code in WORDS) return code;
  if (cause !== undefined) return codeOf(cause);
  if (errors?.[0] !== undefined) return codeOf(errors[0]);
  if (/does not support SSL/.test(message)) return "NO_TLS";
  // Tencent's SDK keeps only the message of an inner error.
  const named = message.match(/\b[A-Z][A-Z_]{4,}\b/g)?.find((word) => word in WORDS);
  if (named !== undefined) return named;
  const said = SAYINGS.find(([pattern]) => pattern.test(message) || name === "TimeoutError")?.[1];
  return said ?? (typeof code === "string" ? code : (name ?? "an error"));
}
