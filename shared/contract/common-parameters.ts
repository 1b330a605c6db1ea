/**
 * Tencent's common parameters: in a form or a query they stand among the fields of the action, and
 * are none of them. Source: "Common Request Parameters" of Tencent Cloud API 3.0.
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
