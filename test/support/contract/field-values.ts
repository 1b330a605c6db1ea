/** The accepted and refused values of a field, each list named by its reason. */
export interface Field {
  takes: Record<string, unknown>;
  refuses: Record<string, unknown>;
}

export const OF_NO_TYPE = { null: null, "a list": [], "a list of one": ["1"], "an object": {} };

export const number = (min: number, max: number): Field => ({
  takes: { "its least": min, "its most": max },
  refuses: {
    "less than its least": min - 1,
    "more than its most": max + 1,
    "a fraction": min + 0.5,
    "a number as text": String(max),
    "the empty text": "",
    "a number past all bounds": 1e400,
    true: true,
    ...OF_NO_TYPE,
  },
});

export const repeatNum: Field = {
  takes: { ...number(-1, 1000).takes, once: 1 },
  refuses: { ...number(-1, 1000).refuses, zero: 0, "zero below zero": -0 },
};

export const choice = (values: unknown[], others: unknown[]): Field => ({
  takes: Object.fromEntries(values.map((value) => [JSON.stringify(value), value])),
  refuses: {
    ...Object.fromEntries(others.map((value) => [JSON.stringify(value), value])),
    ...OF_NO_TYPE,
  },
});

export const flag: Field = choice([true, false], ["true", "false", "1", "", 0, 1]);

export const roomIdType = choice([0, 1], [-1, 2, 0.5, "0", "1", true]);

export const text = (longest: string, { refuses = {} }: { refuses?: object } = {}): Field => ({
  takes: { "its shortest": longest.slice(0, 1), [`${longest.length} characters`]: longest },
  refuses: {
    [`${longest.length + 1} characters`]: longest + longest.slice(-1),
    "the empty text": "",
    "a number": 8489,
    true: true,
    ...OF_NO_TYPE,
    ...refuses,
  },
});

export const UNPRINTABLE = {
  "a NUL": "a\0b",
  "a line break": "a\nb",
  "a line break at its end": "ab\n",
  "a delete character": "a\u007fb",
  "a character outside ASCII": "房间",
};

export const signedText = text("a*-_".repeat(512), {
  refuses: { ...UNPRINTABLE, "plain base64": "a+b/c=", "a space": "a b" },
});

export const instant: Field = {
  takes: {
    "the time in UTC": "2026-01-01T12:00:00Z",
    "without seconds": "2026-01-01T12:00Z",
    "with nanoseconds": "2026-01-01T12:00:00.123456789Z",
    "with an offset": "2026-01-01T20:00:00+08:00",
  },
  refuses: {
    "no offset": "2026-01-01T12:00:00",
    "a day only": "2026-01-01",
    "ten decimals": "2026-01-01T12:00:00.1234567890Z",
    words: "tomorrow",
    "Unix seconds": 1767225600,
    "Unix seconds as text": "1767225600",
    "small letters": "2026-01-01t12:00:00z",
    "the empty text": "",
    ...UNPRINTABLE,
    ...OF_NO_TYPE,
  },
};

export const printable = (length: number, { space }: { space: boolean }): Field =>
  text("!~".repeat(length / 2), {
    refuses: { ...UNPRINTABLE, ...(space ? {} : { "a space": "a b" }) },
  });
