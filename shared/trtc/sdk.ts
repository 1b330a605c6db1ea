/**
 * What a call to TRTC needs: Tencent's client, and Node's agents for its connections. An instance
 * loads this file at its first call, and a bundle keeps it in a file of its own.
 */
export { Agent as PlainAgent } from "node:http";
export { Agent as TlsAgent } from "node:https";
export { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
