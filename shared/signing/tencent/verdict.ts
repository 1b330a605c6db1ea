/**
 * What a verifier says. A refusal is an ordinary outcome, not an exception. Each verifier names its
 * reasons in its type, so the code that answers the caller has to handle every one.
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
