/** The health of the deployment, worst rows first: what an operator looks at when something is off. */
import { SECOND_MS } from "../clock.js";
import { h, pageHeading, setChildren, setClass, setText, showText } from "../base/dom.js";
import { readHealth } from "../service/health.js";
import type { HealthRow } from "../service/types.js";
import { label, t } from "../words/words.js";
import { live, type PageContext } from "./page.js";

const EVERY_MS = 10 * SECOND_MS;
const WORST_FIRST = ["fail", "warn", "pass", "skip"];

export function healthPage(context: PageContext): void {
  const { main, session } = context;
  main.append(pageHeading(t("health.title")));
  const verdict = h("p", { class: "verdict" });
  const body = h("tbody");
  const rows = new Map<string, ReturnType<typeof healthRow>>();
  const head = ["health.check", "health.verdict", "health.finding"] as const;
  const table = h(
    "table",
    { class: "health" },
    h("caption", {}, t("health.caption")),
    h("thead", {}, h("tr", {}, ...head.map((word) => h("th", { scope: "col" }, t(word))))),
    body,
  );
  const { status, follow } = live(context);
  main.append(status.node, verdict, h("div", { class: "card" }, table));

  follow({
    everyMs: EVERY_MS,
    load: () => readHealth(session.key),
    onValue(health) {
      setText(verdict, label("health", health.status));
      setClass(verdict, `verdict ${health.status}`);
      const shown = sorted(health.checks).map((row) => {
        const known = rows.get(row.check) ?? healthRow(row.check);
        rows.set(row.check, known);
        known.show(row);
        return known.node;
      });
      setChildren(body, shown);
    },
  });
}

const rank = ({ verdict }: HealthRow): number => WORST_FIRST.indexOf(verdict);

const sorted = (rows: readonly HealthRow[]): HealthRow[] =>
  [...rows].sort((one, other) => rank(one) - rank(other));

/** A refresh writes only what has changed, so that a screen reader keeps its place. */
function healthRow(check: string) {
  const badge = h("span");
  const finding = h("span");
  const advice = h("p", { class: "hint" });
  const node = h(
    "tr",
    {},
    h("th", { scope: "row" }, check),
    h("td", {}, badge),
    h("td", {}, finding, advice),
  );
  return {
    node,
    show({ verdict, found, todo = "" }: HealthRow) {
      setClass(badge, `badge ${verdict}`);
      setText(badge, label("health", verdict));
      setText(finding, found);
      showText(advice, todo);
    },
  };
}
