/** Adds up the costs of several databases, day by day. */

interface Day {
  Day: string;
  Usd: number;
  Minutes: number;
  Ingests: number;
}

/** Every database answers the same days. */
export function sumOfCosts(answers: readonly object[]): { Days: Day[] } {
  const [first = [], ...others] = answers.map((answer) => (answer as { Days: Day[] }).Days);
  return {
    Days: first.map((day, index) =>
      others.reduce((total, days) => plus(total, days[index] ?? NOTHING), day),
    ),
  };
}

const NOTHING = { Usd: 0, Minutes: 0, Ingests: 0 };

const plus = (day: Day, { Usd, Minutes, Ingests }: Omit<Day, "Day">): Day => ({
  Day: day.Day,
  Usd: rounded(day.Usd + Usd),
  Minutes: rounded(day.Minutes + Minutes),
  Ingests: day.Ingests + Ingests,
});

/** Sums of decimal fractions have digits that mean nothing. */
const rounded = (sum: number): number => Math.round(sum * 1e6) / 1e6;
