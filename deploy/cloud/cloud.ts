/**
 * Tencent Cloud on this machine, as far as a deployment needs it. CAM, COS, SCF and TAG stand behind
 * a proxy with a temporary certificate. It records every call and verifies signatures of the cloud
 * API.
 */
import { randomUUID } from "node:crypto";
import { type Account, APP_ID, makeAccount } from "./account.js";
import { makeCertificates } from "./certificates.js";
import { type DeployKeys, readCloudCall } from "./cloud-api.js";
import { CloudError } from "./cloud-error.js";
import { type Cos, makeCos } from "./cos.js";
import { type Faults, makeFaults } from "./faults.js";
import { type Proxied, type Proxy, type ProxyAnswer, startProxy } from "./proxy.js";
import { makeRecorder, type RecordedCall, type Recorder } from "./recorder.js";
import { makeScf, type Scf, type ScfOptions } from "./scf.js";

export interface Cloud {
  /** For `http_proxy` and the related variables. */
  proxyUrl: string;
  /** In PEM, for NODE_EXTRA_CA_CERTS. */
  authority: string;
  scf: Scf;
  cos: Cos;
  account: Account;
  faults: Faults;
  recorder: Recorder;
  close: () => void;
}

export interface CloudOptions {
  region: string;
  keys: DeployKeys;
  invoke: ScfOptions["invoke"];
}

export async function startCloud({ region, keys, invoke }: CloudOptions): Promise<Cloud> {
  const certificates = await makeCertificates([
    "*.tencentcloudapi.com",
    "*.myqcloud.com",
    "*.cos.myqcloud.com",
    `*.cos.${region}.myqcloud.com`,
    `cos.${region}.myqcloud.com`,
  ]);
  const cos = makeCos(keys.secretId);
  const account = makeAccount();
  const faults = makeFaults();
  const recorder = makeRecorder();
  // SCF names a bucket without the account's number.
  const readObject = (bucket: string, key: string) => cos.read(`${bucket}-${APP_ID}`, key);
  const scf = makeScf({ region, readObject, invoke });

  async function serve(request: Proxied): Promise<ProxyAnswer> {
    const service = serviceOf(request.host);
    const { host, isEncrypted } = request;
    const call = { host, service, action: request.method, isEncrypted, parameters: {} };
    try {
      if (service === host || !isEncrypted) throw new CloudError("NotHere", "No such host.", 502);
      if (service === "cos") return serveCos(request, call);
      return await serveApi(request, call);
    } catch (error) {
      const { code, message, status } = asCloudError(error);
      recorder.calls.push({ ...call, outcome: code });
      if (service !== "cos") return api({ Error: { Code: code, Message: message } });
      const body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
      return { status, headers: { "content-type": "application/xml" }, body };
    }
  }

  type Unfinished = Omit<RecordedCall, "outcome">;

  function serveCos(request: Proxied, call: Unfinished): ProxyAnswer {
    call.action = cos.operationOf(request);
    faults.check("cos", call.action);
    const answer = cos.serve(request);
    const { path, body } = request;
    recorder.calls.push({ ...call, parameters: { path, bytes: body.length }, outcome: "ok" });
    return answer;
  }

  async function serveApi(request: Proxied, call: Unfinished): Promise<ProxyAnswer> {
    const { action, parameters, region: calledRegion } = readCloudCall(request, keys);
    Object.assign(call, { action, parameters });
    faults.check(call.service, action);
    // An account covers all regions. Functions and their tags belong to a region.
    if (call.service !== "cam" && calledRegion !== region) {
      throw new CloudError("UnsupportedRegion", `Nothing was deployed to ${calledRegion}.`);
    }
    const answer =
      call.service === "scf"
        ? await scf.serve(action, parameters)
        : account.serve(call.service, action, parameters);
    recorder.calls.push({ ...call, outcome: "ok" });
    return api(answer);
  }

  const proxy: Proxy = await startProxy(certificates, {
    isKnown: (host) => serviceOf(host) !== host,
    serve,
  });
  return {
    proxyUrl: proxy.url,
    authority: certificates.authority,
    scf,
    cos,
    account,
    faults,
    recorder,
    close: proxy.close,
  };
}

/**
 * `scf` for `scf.tencentcloudapi.com`, `cos` for every host of COS. A foreign host is its own
 * service.
 */
function serviceOf(host: string): string {
  if (host.endsWith(".myqcloud.com")) return "cos";
  return /^([a-z]+)\.tencentcloudapi\.com$/.exec(host)?.[1] ?? host;
}

const api = (answer: object): ProxyAnswer => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ Response: { ...answer, RequestId: randomUUID() } }),
});

const asCloudError = (error: unknown): CloudError =>
  error instanceof CloudError ? error : new CloudError("InternalError", String(error), 500);
