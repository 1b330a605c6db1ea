/**
 * The log of `npm start` as a file, for `trtc-ingest logs`: JSON lines in DATA_DIR, which only the
 * user can read. A full file becomes the older one, and the one before it goes.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Environment } from "../../shared/config/environment.js";
import { jsonLog, type Log } from "../../shared/log.js";
import { dataDirectoryOf } from "./run-file.js";

export interface LogFiles {
  current: string;
  older: string;
}

export function logFilesOf(env: Environment): LogFiles {
  const folder = dataDirectoryOf(env);
  return { current: join(folder, "log.jsonl"), older: join(folder, "log.older.jsonl") };
}

/** About 40,000 lines. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;

export interface FileLog {
  log: Log;
  close: () => void;
}

/** Appends to the file of an earlier run. A disk that is full stops no function. */
export function openFileLog(files: LogFiles, bytesMax = FILE_BYTES_MAX): FileLog {
  mkdirSync(dirname(files.current), { recursive: true });
  let file = openToAppend(files.current);
  const write = (line: string) => {
    // The same line is on the terminal, so a failure loses nothing.
    ignoringErrors(() => {
      if (isFull(file, bytesMax)) file = replaced(file, files);
    });
    ignoringErrors(() => append(file, line));
  };
  return {
    log: jsonLog(write),
    close() {
      closeSync(file.descriptor);
    },
  };
}

interface AppendedFile {
  readonly descriptor: number;
  bytes: number;
  /** The last line has no end: a process was killed, or the disk was full. */
  isTorn: boolean;
}

function openToAppend(path: string): AppendedFile {
  const descriptor = openSync(path, "a+", 0o600);
  const bytes = fstatSync(descriptor).size;
  const last = Buffer.alloc(1);
  const isTorn = bytes > 0 && readSync(descriptor, last, 0, 1, bytes - 1) === 1 && last[0] !== LF;
  return { descriptor, bytes, isTorn };
}

const LF = 0x0a;

/** Others may have emptied the file, or have written to it. */
function isFull(file: AppendedFile, bytesMax: number): boolean {
  if (file.bytes < bytesMax) return false;
  file.bytes = fstatSync(file.descriptor).size;
  return file.bytes >= bytesMax;
}

/** Throws before it closes the full file, so that there is always one to write to. */
function replaced({ descriptor }: AppendedFile, { current, older }: LogFiles): AppendedFile {
  // It is not there when it was removed, or when the last attempt could not open a new one.
  if (existsSync(current)) renameSync(current, older);
  const next = openToAppend(current);
  closeSync(descriptor);
  return next;
}

/** A line never follows a torn one on the same line. */
function append(file: AppendedFile, line: string): void {
  const bytes = Buffer.from(`${file.isTorn ? "\n" : ""}${line}\n`);
  const written = writeSync(file.descriptor, bytes);
  file.bytes += written;
  if (written > 0) file.isTorn = written < bytes.length;
}

function ignoringErrors(action: () => void): void {
  try {
    action();
  } catch {
    // The caller says why.
  }
}
