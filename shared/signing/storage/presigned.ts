/** What the presigned URLs of both clouds' object storages have in common. */

/** Whose right to read is lent with the URL. */
export interface StorageCredential {
  secretId: string;
  secretKey: string;
  /** Of temporary keys: it is part of the URL, and without it the URL is refused. */
  token?: string | undefined;
}

export interface StoredObject {
  bucket: string;
  region: string;
  /** As the object is called, not encoded. */
  key: string;
}

/** RFC 3986: all but letters, digits and `-_.~`, which both clouds sign by. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The slashes of a key part its names, and stay. */
export const encodeKey = (key: string): string => key.split("/").map(percentEncode).join("/");
