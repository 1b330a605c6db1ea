/**
 * TaskIds in the shape of TRTC's examples: base64 with `-` for `/` and `.` for its padding. Their
 * `+`, `-` and `.` are what a client that does not encode them stumbles over.
 */
import { randomBytes } from "node:crypto";

/** Leaves one byte over after groups of three, so that the text ends in two dots, after 86 letters. */
const TASK_ID_BYTES = 64;

/** TRTC's examples have 70 to 125 characters. */
const TASK_ID = /^[A-Za-z0-9+-]{68,123}\.\.$/;

export const newTaskId = (): string =>
  randomBytes(TASK_ID_BYTES).toString("base64").replace(/\//g, "-").replace(/=/g, ".");

/** Whether TRTC may have made it: other texts are refused without looking them up. */
export const looksLikeTaskId = (text: string): boolean => TASK_ID.test(text);
