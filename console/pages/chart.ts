/** A bar for each day. The table below has the numbers, so a screen reader gets one sentence. */
import { svg } from "../base/dom.js";
import { moneyText } from "../parts/format.js";
import type { CostDay } from "../service/types.js";
import { t } from "../words/words.js";

const WIDTH = 720;
const HEIGHT = 160;
const BASE = 136;

export function costChart(days: readonly CostDay[]): SVGElement {
  const most = Math.max(0, ...days.map(({ Usd }) => Usd));
  const top = days.find(({ Usd }) => Usd === most);
  const text =
    most === 0 || top === undefined
      ? t("costs.none")
      : t("costs.chart", { n: days.length, usd: moneyText(most), day: top.Day });
  const step = WIDTH / Math.max(1, days.length);
  const bars = days.map(({ Day, Usd }, at) => {
    const height = most === 0 ? 0 : (Usd / most) * (BASE - 8);
    return svg(
      "rect",
      {
        x: String(at * step + step * 0.1),
        y: String(BASE - height),
        width: String(step * 0.8),
        height: String(height),
      },
      svg("title", {}, `${Day}: ${moneyText(Usd)}`),
    );
  });
  const first = days[0]?.Day ?? "";
  const last = days.at(-1)?.Day ?? "";
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": text, class: "chart" },
    ...bars,
    svg("line", { x1: "0", x2: String(WIDTH), y1: String(BASE), y2: String(BASE) }),
    svg("text", { x: "0", y: String(HEIGHT - 4) }, first),
    svg("text", { x: String(WIDTH), y: String(HEIGHT - 4), "text-anchor": "end" }, last),
  );
}
