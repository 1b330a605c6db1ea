/**
 * Says how old the shown data is, and why it cannot be refreshed. The seconds are no live region: a
 * screen reader would read each of them. Only a change of the situation is announced.
 */
import { elapsedMs, every, SECOND_MS } from "../clock.js";
import { h, setText, showText } from "../base/dom.js";
import type { Poll, PollState } from "../base/poll.js";
import { t } from "../words/words.js";
import { announce, failureText } from "./announce.js";
import { lengthText } from "./format.js";

export interface StatusLine {
  node: HTMLElement;
  show: (state: PollState) => void;
  /** The poll that the button calls. */
  follow: (poll: Poll) => void;
  stop: () => void;
}

export function statusLine(): StatusLine {
  const age = h("span", { class: "age" });
  const problem = h("p", { class: "problem", hidden: true });
  let poll: Poll | undefined;
  const button = h("button", { type: "button", click: () => poll?.ask() });
  const node = h("div", { class: "status" }, h("p", {}, age, " ", button), problem);
  let state: PollState = { isLoading: true };
  let announced = "";

  const tick = (): void => {
    setText(age, ageText(state));
    setText(button, state.error === undefined ? t("status.refresh") : t("status.retry"));
    const text = state.error === undefined ? "" : failureText(state.error);
    showText(problem, text === "" ? "" : `${text} ${nextText(state)}`);
  };

  return {
    node,
    show(next) {
      state = next;
      tick();
      const text = next.error === undefined ? "" : failureText(next.error);
      if (next.isLoading || text === announced) return;
      announce(text === "" ? t("status.recovered") : text);
      announced = text;
    },
    follow(next) {
      poll = next;
      tick();
    },
    stop: every(SECOND_MS, tick),
  };
}

function ageText({ loadedMs, error }: PollState): string {
  if (loadedMs !== undefined) {
    return t("status.updated", { ago: lengthText(elapsedMs() - loadedMs) });
  }
  return error === undefined ? t("status.loading") : t("status.never");
}

function nextText({ nextMs, isLoading }: PollState): string {
  if (isLoading || nextMs === undefined) return t("status.trying");
  return t("status.next", { in: lengthText(nextMs - elapsedMs()) });
}
