/** A folder holds 3 to 15 files, so that a reader sees its contents at a glance. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { ROOT } from "../tiers/tiers.js";

const TOP = [
  "functions",
  "shared",
  "emulator",
  "local",
  "server",
  "deploy",
  "ops",
  "cli",
  "bench",
  "console",
  "test",
  "docs",
];

/** Folders with another number of files, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  functions: "one file for each function; their number is that of serverless.yml",
  "deploy/rehearsal/events": "one recorded event of each function",
  "docs/images": "the pages show one picture",
  "shared/contract": "one file for each part of the contract; every folder imports them",
  "shared/ingest": "the rules that its use cases share, and the use cases of one file",
  "shared/trtc": "the client and its errors; nothing else talks to TRTC",
  "shared/store/schema/migrations": "one file for each migration; their numbers order them",
  "test/fixtures/events": "one recorded event of each kind",
  "test/fixtures/rtmp": "one recording",
};

interface Folder {
  path: string;
  files: number;
  folders: number;
}

function foldersIn(path: string): Folder[] {
  const entries = readdirSync(join(ROOT, path), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  const own = { path, files: entries.length - folders.length, folders: folders.length };
  return [own, ...folders.flatMap(({ name }) => foldersIn(`${path}/${name}`))];
}

const ALL = TOP.flatMap(foldersIn);

const fits = ({ files, folders }: Folder): boolean => files <= 15 && (files >= 3 || folders > 0);

test.each(ALL.filter(({ path }) => !(path in EXCEPTIONS)))("$path has 3 to 15 files", (folder) => {
  expect({ ...folder, fits: fits(folder) }).toEqual({ ...folder, fits: true });
});

test("every exception is an existing folder", () => {
  const paths = ALL.map(({ path }) => path);

  expect(Object.keys(EXCEPTIONS).filter((path) => !paths.includes(path))).toEqual([]);
});
