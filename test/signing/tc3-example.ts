/** The signer, the time and the key of the TC3 examples. */
export const SECRET_KEY = "SECRETEXAMPLE";
export const signer = { secretId: "AKIDEXAMPLE", secretKey: SECRET_KEY, service: "trtc" };

export const now = new Date(1700000000 * 1000); // 2023-11-14T22:13:20Z
export const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
