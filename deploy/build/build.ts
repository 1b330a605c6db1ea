/** `npm run build`: builds the deployed functions in dist/. */
import { parseArgs } from "node:util";
import { buildFunctions } from "./build-functions.js";
import { zipOf } from "./zip.js";
import { runMain } from "../../local/terminal/terminal.js";

const HELP = `Bundles every function for deployment and zips them.

  npm run build

  dist/functions/<name>.js      one file per function, minified, CommonJS
  dist/functions/<part>.js      media-reader, meter, pattern-engine and trtc-sdk: loaded on demand
  dist/functions/<name>.js.map  its source map, for reading stacks; not in the zip
  dist/functions.zip            the uploaded file: the same sources give the same bytes
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const { files, zip } = await buildFunctions();
  for (const [file, bytes] of files) process.stdout.write(line(file, bytes));
  process.stdout.write(`dist/functions.zip  ${kilobytes(zip.length)} kB in all\n`);
}

function line(file: string, bytes: Uint8Array): string {
  const zipped = zipOf(new Map([[file, bytes]])).length;
  return `${file.padEnd(22)} ${kilobytes(bytes.length)} kB, ${kilobytes(zipped)} kB zipped\n`;
}

const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0).padStart(5);

runMain(main);
