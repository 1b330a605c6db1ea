/** Object storage, as far as a deployment uses it: buckets and whole objects. */
import { createHash } from "node:crypto";
import { CloudError } from "./cloud-error.js";
import type { Proxied, ProxyAnswer } from "./proxy.js";

export interface Cos {
  operationOf: (request: Proxied) => string;
  serve: (request: Proxied) => ProxyAnswer;
  /** `undefined` when the object does not exist. */
  read: (bucket: string, key: string) => Buffer | undefined;
  /** The uploaded objects by bucket and key. */
  objects: ReadonlyMap<string, Buffer>;
}

export function makeCos(secretId: string): Cos {
  const buckets = new Set<string>();
  const objects = new Map<string, Buffer>();

  function serve(request: Proxied): ProxyAnswer {
    const { path, body } = request;
    // COS has its own signature, which is not verified here. Only the key's id is checked.
    if (!String(request.headers.authorization).includes(`q-ak=${secretId}`)) {
      throw new CloudError("AccessDenied", "Access Denied.", 403);
    }
    const bucket = bucketOf(request);
    const place = `${bucket}${decodeURIComponent(path.split("?", 1)[0] ?? "/")}`;
    switch (operationOf(request)) {
      case "GetService":
        return xml(serviceOf(buckets));
      case "PutBucket":
        buckets.add(bucket);
        return xml("");
      case "PutObject":
        if (!buckets.has(bucket)) throw noSuch("NoSuchBucket");
        objects.set(place, body);
        return { ...xml(""), headers: { etag: `"${md5(body)}"` } };
      default:
        throw new CloudError("MethodNotAllowed", "This is not imitated.", 405);
    }
  }

  return {
    operationOf,
    serve,
    read: (bucket, key) => objects.get(`${bucket}${key}`),
    objects,
  };
}

/** `<bucket>.cos.<region>.myqcloud.com`. Without a bucket it is the service itself. */
const bucketOf = ({ host }: Proxied): string => /^(.+)\.cos\./.exec(host)?.[1] ?? "";

function operationOf(request: Proxied): string {
  const { method } = request;
  const path = request.path.split("?", 1)[0] ?? "/";
  if (bucketOf(request) === "") return method === "GET" ? "GetService" : `${method} service`;
  if (path === "/") return method === "PUT" ? "PutBucket" : `${method} bucket`;
  return method === "PUT" ? "PutObject" : `${method} object`;
}

const serviceOf = (buckets: ReadonlySet<string>): string => {
  const names = [...buckets].map((name) => `<Bucket><Name>${name}</Name></Bucket>`).join("");
  return `<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets>${names}</Buckets></ListAllMyBucketsResult>`;
};

const xml = (body: string): ProxyAnswer => ({
  status: 200,
  headers: { "content-type": "application/xml" },
  body,
});

const noSuch = (code: string): CloudError =>
  new CloudError(code, "The specified bucket does not exist.", 404);

const md5 = (bytes: Buffer): string => createHash("md5").update(bytes).digest("hex");
