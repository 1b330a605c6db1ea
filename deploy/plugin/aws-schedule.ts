/** The schedules of EventBridge, which differ from SCF's cron lines. */

const RATE = /^rate\((\d{1,6}) (minute|hour|day)(s?)\)$/;

/** Says what is wrong with a schedule. `undefined`: nothing. */
export function scheduleFault(schedule: string): string | undefined {
  const rate = RATE.exec(schedule);
  if (rate) {
    const [, count = "", unit = "", plural] = rate;
    if (Number(count) < 1) return "is a rate of 0: the smallest is rate(1 minute)";
    if ((Number(count) === 1) === (plural === "")) return undefined;
    return `is written rate(${Number(count)} ${unit}${Number(count) === 1 ? "" : "s"})`;
  }
  const fields = /^cron\((.*)\)$/.exec(schedule)?.[1]?.split(" ");
  if (!fields) return "is neither rate(1 minute) nor cron(minute hour day month weekday year)";
  if (fields.length !== 6) return `is a cron of ${fields.length} fields, and takes six`;
  const [, , day, , weekday] = fields;
  if ((day === "?") === (weekday === "?")) {
    return "is a cron in which exactly one of day and weekday must be ?";
  }
  const bad = fields.find((field) => !/^[A-Z0-9,*/?LW#-]+$/.test(field));
  return bad === undefined ? undefined : `is a cron with a wrong field: ${bad}`;
}
