/** Carries out what a person asked for, and tells how it went. */
import { showText } from "../base/dom.js";
import { announce, failureText } from "../parts/announce.js";
import { CallError } from "../service/call.js";
import { isCurrent } from "../service/session.js";
import { handledKey, type PageContext } from "./page.js";

interface Errand {
  /** Resolves with "cancelled" when the person has thought better of it. */
  work: () => Promise<unknown>;
  /** What to say then. */
  done: string;
  /** Where a failure stands while the page is open. */
  problem: HTMLElement;
}

/** Resolves when it is over, also after a failure. What ends after the sign-out is not announced. */
export async function carryOut(
  context: PageContext,
  { work, done, problem }: Errand,
): Promise<void> {
  showText(problem, "");
  try {
    const answer = await work();
    if (answer !== "cancelled" && isCurrent(context.session)) announce(done);
  } catch (thrown) {
    if (!isCurrent(context.session) || handledKey(CallError.from(thrown), context)) return;
    const text = failureText(thrown);
    showText(problem, text);
    // Its own place has gone with the page.
    if (context.left.aborted) announce(text);
  }
}
