/** Reads a call of Tencent Cloud API 3.0 from any of its SDKs and verifies its signature. */
import { parse } from "node:querystring";
import { systemClock as clock } from "../../shared/clock.js";
import { readTc3, verifyTc3 } from "../../shared/signing/tencent/tc3.js";
import { readV1, verifyV1 } from "../../shared/signing/tencent/v1.js";
import { CloudError } from "./cloud-error.js";
import type { Proxied } from "./proxy.js";

export interface CloudCall {
  action: string;
  parameters: Record<string, unknown>;
  region: string;
}

export interface DeployKeys {
  secretId: string;
  secretKey: string;
}

const COMMON = new Set(
  "Action Version Region Timestamp Nonce SecretId Signature SignatureMethod Token Language RequestClient".split(
    " ",
  ),
);

/** A forged or unreadable call has no action. */
export function readCloudCall(request: Proxied, keys: DeployKeys): CloudCall {
  const named = request.headers["x-tc-action"];
  return typeof named === "string" ? readSigned3(request, named, keys) : readSigned1(request, keys);
}

function readSigned3(request: Proxied, action: string, keys: DeployKeys): CloudCall {
  const [path = "/", query = ""] = request.path.split("?");
  const message = { ...request, path, query, headers: flat(request) };
  const signature = readTc3(message);
  if (!signature?.ok || signature.claim.secretId !== keys.secretId) throw forged();
  const verdict = verifyTc3(
    message,
    signature.claim,
    { secretKeys: [keys.secretKey] },
    clock.now(),
  );
  if (!verdict.ok) throw forged();
  const parameters = JSON.parse(request.body.toString()) as Record<string, unknown>;
  return { action, parameters, region: message.headers["x-tc-region"] ?? "" };
}

function readSigned1(request: Proxied, keys: DeployKeys): CloudCall {
  const [path = "/", query = ""] = request.path.split("?");
  const text = request.method === "GET" ? query : request.body.toString();
  const form = parse(text, "&", "=", { maxKeys: 1000 }) as Record<string, string>;
  const signature = readV1(form);
  if (!signature?.ok || signature.claim.secretId !== keys.secretId) throw forged();
  const signed = { method: request.method, host: request.host, path, parameters: form };
  const verdict = verifyV1(signed, signature.claim, { secretKeys: [keys.secretKey] }, clock.now());
  if (!verdict.ok) throw forged();
  const own = Object.entries(form).filter(([name]) => !COMMON.has(name));
  return { action: form["Action"] ?? "", parameters: unflatten(own), region: form["Region"] ?? "" };
}

const flat = ({ headers }: Proxied): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

/** Turns `Tags.0.Key=a` into `{Tags: [{Key: "a"}]}`. */
function unflatten(entries: readonly [string, string][]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of entries) {
    const names = path.split(".");
    let at = root;
    for (const [index, name] of names.entries()) {
      const next = names[index + 1];
      if (next === undefined) at[name] = value;
      else at = (at[name] ??= /^\d+$/.test(next) ? [] : {}) as Record<string, unknown>;
    }
  }
  return root;
}

const forged = (): CloudError =>
  new CloudError("AuthFailure.SignatureFailure", "The signature does not match the request.");
