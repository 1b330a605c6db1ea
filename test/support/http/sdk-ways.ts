/** Every way in which the unmodified SDKs of both sites sign and send. */
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import { CN_APP, INTL_APP, KEY, SECRET_ID } from "../app/test-app.js";
import { intlSdk, SIGN_METHODS } from "./intl-sdk.js";

type Send = (action: string, fields: Record<string, unknown>) => Promise<unknown>;

const METHODS = ["POST", "GET"] as const;

export const byCnSdk = (url: string, reqMethod: (typeof METHODS)[number]): Send => {
  const client = new Client({
    credential: { secretId: SECRET_ID, secretKey: KEY },
    region: "ap-singapore",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(url).host, reqMethod } },
  });
  return (action, fields) => client.request(action, fields);
};

export type Way = [name: string, sdkAppId: number, senderTo: (url: string) => Send];

export const SDK_WAYS: Way[] = [
  ...METHODS.map((method): Way => [
    `the Chinese site's SDK, by ${method}`,
    CN_APP,
    (url) => byCnSdk(url, method),
  ]),
  ...SIGN_METHODS.flatMap((signMethod) =>
    METHODS.map((reqMethod): Way => [
      `the international site's SDK, by ${reqMethod}, ${signMethod}`,
      INTL_APP,
      (url) => intlSdk(url, { signMethod, reqMethod }).sendAny,
    ]),
  ),
];
