/**
 * The only file that reads the environment. What our own variables mean, and which values they
 * take, is in validation/configuration.ts.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export const environment = (): Environment => process.env;

/**
 * The temporary keys that SCF puts into a function with an execution role. They are replaced while
 * the instance lives, so they are read at each call and kept nowhere.
 */
export function roleCredential(env: Environment) {
  const { TENCENTCLOUD_SECRETID: secretId, TENCENTCLOUD_SECRETKEY: secretKey } = env;
  const token = env["TENCENTCLOUD_SESSIONTOKEN"];
  if (secretId === undefined || secretKey === undefined) {
    throw new Error(
      "The function has no execution role, and TRTC_ACCOUNTS no keys for the account",
    );
  }
  return { secretId, secretKey, ...(token === undefined ? {} : { token }) };
}

/** The same on AWS Lambda, whose keys sign for S3 and nothing of Tencent's. */
export function awsRoleCredential(env: Environment) {
  const { AWS_ACCESS_KEY_ID: secretId, AWS_SECRET_ACCESS_KEY: secretKey } = env;
  const token = env["AWS_SESSION_TOKEN"];
  if (secretId === undefined || secretKey === undefined) {
    throw new Error("The function has no execution role of AWS");
  }
  return { secretId, secretKey, ...(token === undefined ? {} : { token }) };
}
