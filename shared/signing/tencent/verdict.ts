/**
 * The result of a verifier. A refusal is an ordinary result, not an exception. The type lists every
 * reason, so the code that answers the caller must handle each one.
 */
export type Verdict<Proven, Reason extends string> = ({ ok: true } & Proven) | Refusal<Reason>;

export interface Refusal<Reason extends string> {
  ok: false;
  reason: Reason;
}

export const refused = <Reason extends string>(reason: Reason): Refusal<Reason> => ({
  ok: false,
  reason,
});
