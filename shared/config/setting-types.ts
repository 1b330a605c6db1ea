/** What the entries of several settings are made of. */
import { Type } from "@sinclair/typebox";

export const CLOSED = { additionalProperties: false };

/** Shorter keys can be guessed; Tencent's own have 32 characters and more. */
export const secret = Type.String({ minLength: 16, maxLength: 256, pattern: "^[\\x21-\\x7e]+$" });
export const name = Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" });
