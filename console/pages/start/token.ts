/**
 * The ClientToken of each start that waits for its answer. The same form has the same token until
 * then, so that a second try after a lost answer is the same start, and no second robot comes.
 */
import { nowMs } from "../../clock.js";
import type { CallError } from "../../service/call.js";

type Body = Readonly<Record<string, unknown>>;

const waiting = new Map<string, string>();

export function tokenOf(body: Body): string {
  const content = JSON.stringify(body);
  const token = waiting.get(content) ?? newToken();
  waiting.set(content, token);
  return token;
}

/** The start has its answer: the same form is another start from now on. */
export function forgetToken(body: Body): void {
  waiting.delete(JSON.stringify(body));
}

/** The next person to sign in begins anew. */
export function forgetTokens(): void {
  waiting.clear();
}

/** Whether an ingest may have begun, or may still begin, under the token. */
export function isOpen({ failure, status, code }: CallError): boolean {
  if (failure === "refused") return code === "ResourceInUse";
  // The API answers so for a refusal of TRTC that it does not know. It keeps that answer.
  const isUnknown = status === 500 && code !== "" && !code.startsWith("InternalError");
  return !isUnknown;
}

/** Not randomUUID: it is missing where the console is served by http. */
function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `console-${nowMs().toString(36)}-${hex}`;
}
