/** `npm run prose`: how long the sentences of the pages and of the comments are. */
import { parseArgs } from "node:util";
import { comments, pages, type Source } from "./prose-files.js";
import { percentile } from "./sentences.js";

const HELP = `npm run prose [-- --worst 20] [-- --only pages|comments] [-- --path docs/]

Prints the median and the 95th percentile of the words in a sentence, then the longest sentences.
  --worst N     how many sentences are shown (10)
  --only WHAT   measures pages or comments, not both
  --path PART   measures files whose path holds this text
  --files       adds one line for each file
`;

const { values } = parseArgs({
  options: {
    worst: { type: "string", default: "10" },
    only: { type: "string" },
    path: { type: "string", default: "" },
    files: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const write = (line: string) => process.stdout.write(`${line}\n`);

function report(name: string, sources: readonly Source[]): void {
  const chosen = sources.filter(({ path }) => path.includes(values.path));
  const all = chosen.flatMap(({ path, sentences }) =>
    sentences.map((sentence) => ({ path, ...sentence })),
  );
  const p95 = percentile(all, 0.95);
  write(`${name}: ${all.length} sentences, median ${percentile(all, 0.5)} words, p95 ${p95} words`);
  if (values.files) {
    for (const { path, sentences } of chosen) {
      if (sentences.length > 0) write(`  p95 ${percentile(sentences, 0.95)}  ${path}`);
    }
  }
  const worst = all.sort((a, b) => b.words - a.words).slice(0, Number(values.worst));
  for (const { path, line, words, text } of worst) write(`  ${words}  ${path}:${line}  ${text}`);
}

if (values.help) {
  write(HELP);
} else {
  if (values.only !== "comments") report("pages", pages());
  if (values.only !== "pages") report("comments", comments());
}
