/**
 * Tencent's common parameters. In a form or a query they stand among the action's fields, but they
 * do not belong to the action. Source: "Common Request Parameters" of Tencent Cloud API 3.0.
 */
export const COMMON_PARAMETERS: ReadonlySet<string> = new Set([
  "Action",
  "Version",
  "Region",
  "Timestamp",
  "Nonce",
  "SecretId",
  "Signature",
  "SignatureMethod",
  "Token",
  "Language",
  "RequestClient",
]);
