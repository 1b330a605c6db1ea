/** The buttons of an ingest's page. A button that cannot work now is disabled, and stays in place. */
import { h, setText } from "../base/dom.js";
import { setDisabled } from "../base/focus.js";
import { confirmed } from "../parts/confirm.js";
import { moveIngest, stopIngest, updateIngest } from "../service/ingests.js";
import type { Ingest } from "../service/types.js";
import { t } from "../words/words.js";
import { carryOut } from "./carry-out.js";
import type { PageContext } from "./page.js";

interface ActionsOptions {
  taskId: string;
  latest: () => Ingest | undefined;
  onDone: () => void;
}

const QUARTER_SECONDS = 900;

export function ingestActions(context: PageContext, { taskId, latest, onDone }: ActionsOptions) {
  const { session, left } = context;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  let isBusy = false;

  function run(action: (ingest: Ingest) => Promise<unknown>, done: string): void {
    const ingest = latest();
    if (ingest === undefined || isBusy) return;
    isBusy = true;
    carryOut(context, { work: () => action(ingest), done, problem })
      .finally(() => {
        isBusy = false;
        onDone();
      })
      .catch(() => undefined);
  }

  const button = (text: string, click: () => void, kind = ""): HTMLButtonElement =>
    h("button", { type: "button", class: kind, click, disabled: true }, text);

  const stop = button(t("action.stop"), () => run(askedStop, t("done.stop")), "danger");
  const extend = button(t("action.extend"), () =>
    run((ingest) => moveIngest(session, ingest, QUARTER_SECONDS), t("done.extend")),
  );
  const skip = button(t("action.skip"), () =>
    run(() => updateIngest(session, { TaskId: taskId, SkipItem: true }), t("done.skip")),
  );
  const pause = button(t("action.pause"), () => {
    const isPaused = latest()?.IsPaused === true;
    const update = { TaskId: taskId, IsPause: !isPaused };
    run(() => updateIngest(session, update), t(isPaused ? "done.resume" : "done.pause"));
  });

  async function askedStop({ RoomId }: Ingest): Promise<unknown> {
    const text = t("confirm.stop", { room: RoomId });
    const question = { title: t("confirm.stop-title"), text, yes: t("action.stop"), left };
    const isSure = await confirmed(question);
    return isSure ? stopIngest(session, taskId) : "cancelled";
  }

  const isCaller = session.kind === "caller";
  const buttons = isCaller ? [stop, extend, skip, pause] : [stop, extend];
  const note = isCaller ? undefined : h("p", { class: "hint" }, t("action.operator"));
  return {
    node: h(
      "section",
      { class: "actions", "aria-label": t("action.label") },
      h("div", { class: "buttons" }, ...buttons),
      note,
      problem,
    ),
    show({ State, IsPaused, Item }: Ingest) {
      const isOver = State === "ended" || State === "stopping";
      setDisabled(stop, isOver);
      setDisabled(extend, isOver);
      setDisabled(skip, State !== "running" || Item === null);
      setDisabled(pause, State !== "running");
      setText(pause, IsPaused ? t("action.resume") : t("action.pause"));
    },
  };
}
