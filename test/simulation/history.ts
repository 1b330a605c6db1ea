/** The events of a run in their order, to find out why a seed failed. */
export interface Entry {
  atMs: number;
  by: string;
  text: string;
}

export interface History {
  note: (by: string, text: string) => void;
  /** From then on, a long id is shown by a short name. */
  name: (id: string, short: string) => void;
  entries: () => readonly Entry[];
  /** The text with those short names. */
  shortened: (text: string) => string;
  /** The last `limit` lines that name one of these ids or a machine. */
  tell: (ids: readonly string[] | undefined, limit: number) => string[];
}

export function makeHistory(nowMs: () => number): History {
  const startMs = nowMs();
  const entries: Entry[] = [];
  const names = new Map<string, string>();

  const line = ({ atMs, by, text }: Entry): string =>
    `${((atMs - startMs) / 1000).toFixed(3).padStart(9)} s  ${by.padEnd(22)} ${shortened(text)}`;

  function shortened(text: string): string {
    let short = text;
    for (const [id, name] of names) short = short.replaceAll(id, name);
    return short;
  }

  return {
    note: (by, text) => void entries.push({ atMs: nowMs(), by, text }),
    name: (id, short) => void names.set(id, short),
    shortened,
    entries: () => entries,
    tell(ids, limit) {
      const concerns = ({ text, by }: Entry) =>
        ids === undefined || ids.some((id) => text.includes(id)) || /^m\d+$/.test(by);
      return entries.filter(concerns).slice(-limit).map(line);
    },
  };
}
