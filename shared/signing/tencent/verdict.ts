/**
 * What a verifier says. A refusal is an ordinary outcome and no exception: each of our verifiers
 * names its reasons in its type, so that whoever answers the caller has to think of every one.
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
