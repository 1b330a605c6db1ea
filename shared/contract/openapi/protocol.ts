/** The parts of the OpenAPI document that all calls share: address, signature and answer. */
import { API_VERSION, DEFAULT_REGION, SITE_FACTS } from "../sites.js";

export const INFO = {
  title: "trtc-stream-ingest",
  version: API_VERSION,
  summary:
    "Put an online media stream into a Tencent RTC (TRTC) room, and never leave one running.",
  description: `The four stream ingest actions of Tencent Cloud's TRTC API, with the same names, fields, envelope and error codes, and a list, which TRTC does not have. Every ingest has a deadline and is stopped then.

Each action has a path of its own. \`POST /\` takes all of them, so that an unmodified Tencent SDK works with this server as its endpoint.

Every answer is one JSON object \`{"Response": {…, "RequestId": "…"}}\`. A refusal carries \`Error\` with a \`Code\` to act on and a \`Message\` that says what to send instead. With a Bearer key it also has the HTTP status of its code. A signed request gets HTTP 200 with every answer, as from Tencent: its SDKs read an error from no other status.

An application belongs to Tencent Cloud's international or Chinese site, which decides its fields: the schemas that end in Intl and Cn. A field that is not there is refused, never passed over.`,
};

export const SERVERS = [
  { url: "http://127.0.0.1:3000", description: "The server that `npm start` runs." },
  {
    url: "https://{host}",
    description: "A deployed function's URL, or a gateway in front of all of them.",
    variables: {
      host: { default: "ingest.example.com", description: "The host, without a path." },
    },
  },
];

export const TAGS = [
  { name: "Ingests", description: "Each action on a path of its own." },
  { name: "Schedules", description: "Ingests that play again and again." },
  { name: "SDKs", description: "All actions on one path, as Tencent's SDKs call them." },
];

export const SECURITY_SCHEMES = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "One of the caller's secret keys: `Authorization: Bearer <key>`.",
  },
  tc3: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description:
      "Tencent Cloud's signature TC3-HMAC-SHA256, which its SDKs make: `TC3-HMAC-SHA256 Credential=<SecretId>/<date>/trtc/tc3_request, SignedHeaders=content-type;host, Signature=<hex>`, with the time of signing in X-TC-Timestamp. It holds for five minutes, and a request that is sent again with the same signature counts as the same request. Every path takes it; its errors come with HTTP 200.",
  },
};

const { intl, cn } = SITE_FACTS;

/** Every path takes these parameters, except `action` and `timestamp`, which belong to `POST /`. */
export const parametersFor = (actions: readonly string[]) => ({
  Action: {
    name: "X-TC-Action",
    in: "header",
    required: true,
    description: "The action to call.",
    schema: { type: "string", enum: actions },
  },
  Version: {
    name: "X-TC-Version",
    in: "header",
    description: "The API's version. It may be left out, because only one exists.",
    schema: { type: "string", enum: [API_VERSION] },
  },
  Region: {
    name: "X-TC-Region",
    in: "header",
    description: `Where TRTC plays the stream: ${intl.regions.join(", ")} on the international site; ${cn.regions.join(", ")} on the Chinese site. Left out: the application's own, which is ${DEFAULT_REGION} unless configured otherwise.`,
    schema: { type: "string", enum: [...new Set([...intl.regions, ...cn.regions])] },
  },
  Timestamp: {
    name: "X-TC-Timestamp",
    in: "header",
    description: "When the request was signed, in Unix seconds; for tc3 only.",
    schema: { type: "integer" },
  },
});

export const REQUEST_ID_EXAMPLE = "71993312-6ab8-4768-9124-118e0a20c45f";

export const REQUEST_ID = {
  type: "string",
  description: "Names this request in the log. Include it when you ask for help.",
};
