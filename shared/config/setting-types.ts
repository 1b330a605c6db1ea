/** Types that several settings share. */
import * as Type from "@sinclair/typebox";

export const CLOSED = { additionalProperties: false };

/** Shorter keys can be guessed. Tencent's own keys have at least 32 characters. */
export const secret = Type.String({ minLength: 16, maxLength: 256, pattern: "^[\\x21-\\x7e]+$" });
export const name = Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" });
