/** What ingests cost by day: a chart for the eye, and the same numbers as a table. */
import { MINUTE_MS } from "../clock.js";
import { h, pageHeading } from "../base/dom.js";
import { onceFor } from "../base/focus.js";
import { choice, field } from "../parts/field.js";
import { moneyText, numberText } from "../parts/format.js";
import { costDays } from "../service/costs.js";
import type { CostDay } from "../service/types.js";
import { t, type Word } from "../words/words.js";
import { costChart } from "./chart.js";
import { live, type PageContext } from "./page.js";

const SPANS = [7, 30, 90];

export function costsPage(context: PageContext): void {
  const { main, session } = context;
  const span = choice(
    "days",
    SPANS.map((days) => [String(days), t("costs.days", { n: days })] as const),
    "30",
  );
  const spanField = field({ id: "costs-days", label: t("costs.span"), control: span });
  const { status, follow } = live(context);
  const content = h("section", { class: "card", "aria-label": t("costs.title") });
  const note = h("p", { class: "hint" }, t("costs.note"));
  main.append(pageHeading(t("costs.title")), spanField.node, status.node, content, note);

  const poll = follow({
    everyMs: MINUTE_MS,
    load: () => costDays(session, Number(span.value)),
    onValue: onceFor((days) => {
      const total = days.reduce((sum, { Usd }) => sum + Usd, 0);
      content.replaceChildren(
        h("p", { class: "total" }, t("costs.total", { usd: moneyText(total) })),
        costChart(days),
        costTable(days),
      );
    }),
  });
  span.addEventListener("change", poll.refresh);
}

const HEAD: readonly Word[] = ["costs.day", "costs.usd", "costs.minutes", "costs.ingests"];

/** Days without an ingest are in the chart only. */
function costTable(days: readonly CostDay[]): HTMLElement {
  const rows = [...days].reverse().filter(({ Ingests, Usd }) => Ingests > 0 || Usd > 0);
  return h(
    "table",
    { class: "costs" },
    h("caption", {}, t("costs.caption")),
    h("thead", {}, h("tr", {}, ...HEAD.map((word) => h("th", { scope: "col" }, t(word))))),
    h(
      "tbody",
      {},
      ...rows.map(({ Day, Usd, Minutes, Ingests }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, Day),
          h("td", {}, moneyText(Usd)),
          h("td", {}, numberText(Minutes)),
          h("td", {}, numberText(Ingests)),
        ),
      ),
    ),
  );
}
