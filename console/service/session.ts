/** Who is signed in. The key lives in this variable only: no storage, no address, no log has it. */

export interface Session {
  kind: "caller" | "operator";
  key: string;
}

let session: Session | undefined;

export const currentSession = (): Session | undefined => session;

export function setSession(next: Session | undefined): void {
  session = next;
}

/** False after a sign-out, also when somebody else has signed in since. */
export const isCurrent = (known: Session): boolean => known === session;

/** A header carries printable ASCII only. Other keys would fail in the browser, not at the API. */
export const isKey = (text: string): boolean => /^[\x21-\x7e]{1,256}$/.test(text);
