/** Live rows on terminals of any width: each drawing replaces the one before, and nothing else. */
import { describe, expect, test } from "@jest/globals";
import { screenOn } from "../../cli/commands/screen.js";
import type { Io } from "../../local/terminal/io.js";
import { progressOn } from "../../local/terminal/progress.js";
import { widthOf } from "../../local/terminal/width.js";
import { systemClock } from "../../shared/clock.js";
import fc, { cases } from "../support/properties.js";

/** What a terminal shows of a text: letters wrap at its edge, and the cursor moves up and erases. */
function terminal(columns: number) {
  let rows = [""];
  let at = 0;
  const place = (letter: string) => {
    if (widthOf((rows[at] ?? "") + letter) > columns) newLine();
    rows[at] = (rows[at] ?? "") + letter;
  };
  const newLine = () => {
    at += 1;
    rows[at] ??= "";
  };
  return {
    shown: () => rows.slice(0, at),
    write: (text: string) => {
      for (const [part, up] of text.matchAll(/\u001b\[(\d+)A|\u001b\[J|\u001b\[\d+m|[^]/gu)) {
        if (up !== undefined) at = Math.max(0, at - Number(up));
        else if (part === "\u001b[J") rows = [...rows.slice(0, at), ""];
        else if (part === "\n") newLine();
        else if (!part.startsWith("\u001b")) place(part);
      }
    },
  };
}

function screenOf({ columns, rows }: { columns: number; rows?: number }) {
  const model = terminal(columns);
  const stream = { write: model.write, isTTY: true, columns, rows };
  return { model, ...screenOn({ out: stream, err: stream } as unknown as Io) };
}

/** As a terminal shows it that has nothing else on it. */
function alone(lines: readonly string[], columns: number): string[] {
  const model = terminal(columns);
  model.write(`${lines.join("\n")}\n`);
  return model.shown();
}

const lines = fc.array(
  fc.oneof(
    fc.string({ unit: fc.constantFrom("a", " ", "音", "é", "e\u0301"), maxLength: 60 }),
    fc.constant("\u001b[31mfail\u001b[0m  a check whose words are wider than the terminal"),
  ),
  { minLength: 1, maxLength: 8 },
);

test("a drawing replaces the one before, whatever wraps", () => {
  fc.assert(
    fc.property(
      fc.array(lines, { minLength: 2 }),
      fc.integer({ min: 2, max: 50 }),
      (frames, columns) => {
        const { model, draw } = screenOf({ columns });

        for (const frame of frames) draw(frame);

        expect(model.shown()).toEqual(alone(frames.at(-1) ?? [], columns));
      },
    ),
    { numRuns: cases(500) },
  );
});

test("a drawing has no more rows than the terminal, and counts the lines that are left out", () => {
  const { model, draw } = screenOf({ columns: 10, rows: 6 });
  const wide = "twelve signs";

  draw([wide, wide, wide]);
  expect(model.shown()).toEqual(["twelve sig", "ns", "twelve sig", "ns", "and 1 more"]);
  draw(["short", wide, wide]);
  expect(model.shown()).toEqual(["short", "twelve sig", "ns", "twelve sig", "ns"]);
});

describe("a line on stderr", () => {
  test("stays, and the next drawing begins below it", () => {
    const { model, draw, io } = screenOf({ columns: 40 });

    draw(["TASK", "ing-1"]);
    io.err.write("no answer: sending the same request again\n");
    draw(["TASK", "ing-1"]);
    draw(["TASK", "ing-2"]);

    expect(model.shown()).toEqual([
      ...["TASK", "ing-1", "no answer: sending the same request agai", "n", "TASK", "ing-2"],
    ]);
  });

  test("that goes to a file moves nothing", () => {
    const model = terminal(40);
    const out = { write: model.write, isTTY: true, columns: 40 };
    const err = { write: () => undefined };
    const { draw, io } = screenOn({ out, err } as unknown as Io);

    draw(["TASK", "ing-1"]);
    io.err.write("no answer\n");
    draw(["TASK", "ing-2"]);

    expect(model.shown()).toEqual(["TASK", "ing-2"]);
  });
});

test("a terminal that says 0 columns is one that does not say", () => {
  const model = terminal(80);
  const stream = { write: model.write, isTTY: true, columns: 0, rows: 0 };
  const { draw } = screenOn({ out: stream, err: stream } as unknown as Io);

  draw(["one", "two", "three"]);
  draw(["one", "two", "three"]);

  expect(model.shown()).toEqual(["one", "two", "three"]);
});

test("a moving line of progress has one row, also with wide letters", () => {
  let written = "";
  const write = (text: string) => (written += text);
  const progress = progressOn({ write, isTTY: true, columns: 20 }, systemClock);

  progress.show("音".repeat(30));

  expect(widthOf(written.replace("\r\u001b[2K", ""))).toBeLessThan(20);
});
