/** What every page gets, and how it stays up to date while it is open. */
import { type Poll, type PollOptions, startPoll } from "../base/poll.js";
import { type StatusLine, statusLine } from "../parts/status-line.js";
import type { CallError } from "../service/call.js";
import type { Session } from "../service/session.js";

export interface PageContext {
  session: Session;
  /** Where the page puts its content. It is empty. */
  main: HTMLElement;
  /** Aborted when the page goes. */
  left: AbortSignal;
  /** The API no longer accepts the key: the person has to sign in again. */
  onKeyRefused: () => void;
}

/** True when the key was refused, and the page is about to go. */
export function handledKey(error: CallError | undefined, { onKeyRefused }: PageContext): boolean {
  if (error?.failure !== "key") return false;
  onKeyRefused();
  return true;
}

type Followed<T> = Omit<PollOptions<T>, "onState"> & Partial<Pick<PollOptions<T>, "onState">>;

interface Live {
  status: StatusLine;
  /** Loads the data, and then again and again until the page goes. */
  follow: <T>(options: Followed<T>) => Poll;
}

/** Keeps the page's data up to date. The status line says how old they are, and what went wrong. */
export function live(context: PageContext): Live {
  const status = statusLine();
  return {
    status,
    follow({ onState = () => undefined, ...options }) {
      const poll = startPoll({
        ...options,
        onState(state) {
          if (handledKey(state.error, context)) return;
          onState(state);
          status.show(state);
        },
      });
      status.follow(poll);
      context.left.addEventListener("abort", () => {
        poll.stop();
        status.stop();
      });
      return poll;
    },
  };
}
