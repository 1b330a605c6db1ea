/** The result of a measurement: figures by subject, ratios, and goals. */

/** By name, with the unit last: `p50Ms`. A subject has only its measured figures. */
export type Figures = Readonly<Record<string, number>>;

export interface Row {
  subject: string;
  figures: Figures;
}

/** Which way a ratio improves. */
export type Better = "less" | "more";

export interface Ratio {
  name: string;
  value: number;
  better: Better;
}

export interface Goal {
  name: string;
  value: number;
  atMost: number;
  unit: string;
  met: boolean;
}

export interface Section {
  title: string;
  rows: Row[];
  ratios: Ratio[];
  goals: Goal[];
}

export interface Results {
  node: string;
  cpu: string;
  cores: number;
  quick: boolean;
  sections: Section[];
}

export const goal = (name: string, value: number, atMost: number, unit: string): Goal => ({
  name,
  value,
  atMost,
  unit,
  met: value <= atMost,
});

/** NaN for a missing figure, so that the report shows it. */
export const figureOf = (rows: readonly Row[], subject: string, figure: string): number =>
  rows.find((row) => row.subject === subject)?.figures[figure] ?? Number.NaN;

/** Every ratio of a run, also those that are goals. */
export const ratiosOf = ({ sections }: Pick<Results, "sections">) =>
  sections.flatMap(({ title, ratios, goals }) => {
    const less = goals
      .filter(({ unit }) => unit === "")
      .map((met) => ({ ...met, better: "less" as const }));
    return [...ratios, ...less].map(({ name, value, better }) => ({
      key: `${title}: ${name}`,
      value,
      better,
    }));
  });

/** A figure that is no number was not measured: a fault of the bench, whatever the machine. */
export const unmeasuredIn = ({ sections }: Pick<Results, "sections">): string[] =>
  sections.flatMap(({ title, rows, ratios, goals }) => [
    ...(rows.length === 0 ? [`${title}: nothing`] : []),
    ...rows.flatMap(({ subject, figures }) =>
      Object.entries(figures)
        .filter(([, value]) => !isMeasured(value))
        .map(([figure]) => `${title}: ${subject}: ${figure}`),
    ),
    ...[...ratios, ...goals]
      .filter(({ value }) => !isMeasured(value))
      .map(({ name }) => `${title}: ${name}`),
  ]);

const isMeasured = (value: number): boolean => Number.isFinite(value) && value >= 0;
