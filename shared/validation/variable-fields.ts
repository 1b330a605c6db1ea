/** What entries of several variables have. */
import { Type } from "@sinclair/typebox";

/** Shorter keys can be guessed; Tencent's own have 32 characters and more. */
export const secret = Type.String({ minLength: 16, maxLength: 256, pattern: "^[\\x21-\\x7e]+$" });
export const name = Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" });
