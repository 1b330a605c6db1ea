/** Code that the presigned URLs of COS and S3 share. */

/** The credential that signs the URL. The URL lends its right to read. */
export interface StorageCredential {
  secretId: string;
  secretKey: string;
  /** The token of temporary keys. The URL must contain it. */
  token?: string | undefined;
}

export interface StoredObject {
  bucket: string;
  region: string;
  /** The object's name, not encoded. */
  key: string;
}

/** RFC 3986: encodes all but letters, digits and `-_.~`. Both clouds sign this form. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Slashes separate the names in a key and stay unencoded. */
export const encodeKey = (key: string): string => key.split("/").map(percentEncode).join("/");
