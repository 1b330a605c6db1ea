/**
 * TaskIds in the form of TRTC's examples: base64 with `-` for `/` and `.` for padding. Their `+`,
 * `-` and `.` break clients that do not encode them.
 */
import { randomBytes } from "node:crypto";

/** One byte remains after groups of three, so the text has 86 letters and two dots. */
const TASK_ID_BYTES = 64;

/** TRTC's examples have 70 to 125 characters. */
const TASK_ID = /^[A-Za-z0-9+-]{68,123}\.\.$/;

export const newTaskId = (): string =>
  randomBytes(TASK_ID_BYTES).toString("base64").replace(/\//g, "-").replace(/=/g, ".");

/** Whether TRTC could have made it. Other texts are refused without a look-up. */
export const looksLikeTaskId = (text: string): boolean => TASK_ID.test(text);
