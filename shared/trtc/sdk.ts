/**
 * What a call to TRTC needs: Tencent's client, and the connections. An instance loads this file at
 * its first call, and a bundle keeps it in a file of its own.
 */
export { makeConnections } from "./connections.js";
export { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
