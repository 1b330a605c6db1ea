/** The events of a run in their order, to find out why a seed failed. */
interface Entry {
  atMs: number;
  by: string;
  text: Text;
}

/** Few seeds are ever told, so a long text is made only then. What it shows must not change. */
type Text = string | (() => string);

export interface History {
  note: (by: string, text: Text) => void;
  /** From then on, a long id is shown by a short name. */
  name: (id: string, short: string) => void;
  /** The text with those short names. */
  shortened: (text: string) => string;
  /** The last `limit` lines that name one of these ids or a machine. */
  tell: (ids: readonly string[] | undefined, limit: number) => string[];
}

/** Keeps at least the last `most` events. */
export function makeHistory(nowMs: () => number, most = Infinity): History {
  const startMs = nowMs();
  const entries: Entry[] = [];
  const names = new Map<string, string>();

  const textOf = ({ text }: Entry): string => (typeof text === "string" ? text : text());

  const line = (entry: Entry): string =>
    `${((entry.atMs - startMs) / 1000).toFixed(3).padStart(9)} s  ${entry.by.padEnd(22)} ${shortened(textOf(entry))}`;

  function shortened(text: string): string {
    let short = text;
    for (const [id, name] of names) short = short.replaceAll(id, name);
    return short;
  }

  return {
    note(by, text) {
      entries.push({ atMs: nowMs(), by, text });
      if (entries.length >= 2 * most) entries.splice(0, most);
    },
    name: (id, short) => void names.set(id, short),
    shortened,
    tell(ids, limit) {
      const concerns = (entry: Entry) =>
        ids === undefined ||
        ids.some((id) => textOf(entry).includes(id)) ||
        /^m\d+$/.test(entry.by);
      return entries.filter(concerns).slice(-limit).map(line);
    },
  };
}
