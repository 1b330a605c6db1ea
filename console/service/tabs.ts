/**
 * Other tabs of the console. They say that they are there and that something changed. A key never
 * leaves its tab.
 */

type Message = "hello" | "signed-in" | "changed";

const channel =
  typeof BroadcastChannel === "undefined"
    ? undefined
    : new BroadcastChannel("trtc-stream-ingest-console");

const send = (message: Message): void => channel?.postMessage(message);

/** Answers tabs that open later, as long as `isSignedIn` says so. */
export function answerTabs(isSignedIn: () => boolean): void {
  channel?.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data === "hello" && isSignedIn()) send("signed-in");
  });
}

/** Calls back when another tab is signed in. Returns the function that stops it. */
export function askTabs(onOther: () => void): () => void {
  const stop = listen("signed-in", onOther);
  send("hello");
  return stop;
}

/** Other tabs load again, so that both show the same. */
export const reportChange = (): void => send("changed");

export const onChangeElsewhere = (run: () => void): (() => void) => listen("changed", run);

function listen(message: Message, run: () => void): () => void {
  const onMessage = ({ data }: MessageEvent<Message>): void => {
    if (data === message) run();
  };
  channel?.addEventListener("message", onMessage);
  return () => channel?.removeEventListener("message", onMessage);
}
