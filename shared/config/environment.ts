/**
 * The only file that reads the environment. configuration.ts defines our own variables and their
 * values.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export const environment = (): Environment => process.env;

/**
 * The temporary keys that SCF gives a function with an execution role. They change while the
 * instance lives, so each call reads them again and stores nothing.
 */
export function roleCredential(env: Environment) {
  const { TENCENTCLOUD_SECRETID: secretId, TENCENTCLOUD_SECRETKEY: secretKey } = env;
  const token = env["TENCENTCLOUD_SESSIONTOKEN"];
  if (secretId === undefined || secretKey === undefined) {
    throw new Error(
      "The function has no execution role, and TRTC_ACCOUNTS has no keys for the account",
    );
  }
  return { secretId, secretKey, ...(token === undefined ? {} : { token }) };
}

/** The same on AWS Lambda. These keys sign for S3 only, not for Tencent Cloud. */
export function awsRoleCredential(env: Environment) {
  const { AWS_ACCESS_KEY_ID: secretId, AWS_SECRET_ACCESS_KEY: secretKey } = env;
  const token = env["AWS_SESSION_TOKEN"];
  if (secretId === undefined || secretKey === undefined) {
    throw new Error("The function has no AWS execution role");
  }
  return { secretId, secretKey, ...(token === undefined ? {} : { token }) };
}
