/** What a measurement gives: figures by subject, what they are compared with, what was promised. */

/** By name, the unit last: `p50Ms`. A subject has those that were taken of it. */
export type Figures = Readonly<Record<string, number>>;

export interface Row {
  subject: string;
  figures: Figures;
}

export interface Ratio {
  name: string;
  value: number;
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

/** NaN for what was not measured, so that it is seen. */
export const figureOf = (rows: readonly Row[], subject: string, figure: string): number =>
  rows.find((row) => row.subject === subject)?.figures[figure] ?? Number.NaN;
