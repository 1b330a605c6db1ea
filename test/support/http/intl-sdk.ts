/** The parts of the international site's SDK that the tests use. It has no types of its own. */
import { jest } from "@jest/globals";
import { KEY, SECRET_ID } from "../app/test-app.js";

export type Fields = Readonly<Record<string, unknown>>;
export type Answer = Record<string, unknown> & { RequestId: string };

export const SIGN_METHODS = ["HmacSHA256", "HmacSHA1", "TC3-HMAC-SHA256"] as const;

export interface IntlOptions {
  secretId?: string;
  secretKey?: string;
  region?: string;
  /** Default: the SDK's own, which is HmacSHA256. */
  signMethod?: (typeof SIGN_METHODS)[number];
  /** Default: the SDK's own, which is POST. */
  reqMethod?: "GET" | "POST";
}

export interface IntlSdk {
  /** Through the action's own method and model, which drops unknown fields. */
  send: (action: string, fields: Fields) => Promise<Answer>;
  /** Through the SDK's general client, which passes every action and field. */
  sendAny: (action: string, fields: Fields) => Promise<Answer>;
}

type Done = (error: Error | null, answer: Answer) => void;
type Profile = object;
type Model = object & { from_json_string: (json: string) => void };

interface Trtc {
  Client: new (
    credential: object,
    region: string,
    profile: Profile,
  ) => Record<string, (request: Model, done: Done) => void>;
  Models: Readonly<Record<string, new () => Model>>;
}

interface Common {
  Credential: new (secretId: string, secretKey: string) => object;
  HttpProfile: new (protocol: string, endpoint: string, reqMethod?: string) => object;
  ClientProfile: new (signMethod: string | undefined, http: object) => Profile;
  CommonClient: new (
    endpoint: string,
    version: string,
    credential: object,
    region: string,
    profile: Profile,
  ) => { request: (action: string, fields: Fields, done: Done) => void };
}

const SDK = "tencentcloud-sdk-nodejs-intl-en/tencentcloud";
const trtc = jest.requireActual<Trtc>(`${SDK}/trtc/v20190722`);
const common = jest.requireActual<Common>(`${SDK}/common`);

/** The unmodified SDK with another endpoint. Without options it is in its default mode. */
export function intlSdk(url: string, options: IntlOptions = {}): IntlSdk {
  const { secretId = SECRET_ID, secretKey = KEY, region = "ap-singapore" } = options;
  const endpoint = new URL(url).host;
  const credential = new common.Credential(secretId, secretKey);
  const http = new common.HttpProfile("http://", endpoint, options.reqMethod);
  const profile = new common.ClientProfile(options.signMethod, http);
  const client = new trtc.Client(credential, region, profile);
  const any = new common.CommonClient(endpoint, "2019-07-22", credential, region, profile);
  return {
    send: (action, fields) => promised((done) => client[action]?.(modelOf(action, fields), done)),
    sendAny: (action, fields) => promised((done) => any.request(action, sent(fields), done)),
  };
}

/** Whether the SDK has this action and each of its fields. */
export function canSay(action: string, fields: object): boolean {
  const Request = trtc.Models[`${action}Request`];
  if (!Request) return false;
  const known = new Request();
  return Object.keys(fields).every((field) => field in known);
}

function modelOf(action: string, fields: Fields): Model {
  const Request = trtc.Models[`${action}Request`];
  if (!Request) throw new Error(`The SDK has no ${action}.`);
  const request = new Request();
  request.from_json_string(JSON.stringify(fields));
  return request;
}

/** Without `undefined` values: this client signs the word but does not send it. */
const sent = (fields: Fields): Fields => JSON.parse(JSON.stringify(fields)) as Fields;

const promised = (call: (done: Done) => void): Promise<Answer> =>
  new Promise((resolve, reject) => {
    call((error, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
