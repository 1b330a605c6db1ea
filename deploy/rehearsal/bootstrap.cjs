/**
 * The process that SCF runs a function in, without anything of this project but the function itself,
 * which stands in the working folder. The order comes on standard input; the outcome leaves on
 * descriptor 3, so that what the function prints is its log and nothing else.
 */
const { readFileSync, writeSync } = require("node:fs");
const { join } = require("node:path");

const { file, method, event, context, timeoutMs } = JSON.parse(readFileSync(0, "utf8"));
const endMs = performance.now() + timeoutMs;
context.getRemainingTimeInMillis = () => endMs - performance.now();

Promise.resolve()
  .then(() => require(join(process.cwd(), file))[method](event, context))
  .then((value) => leave({ answer: JSON.stringify(value) ?? "null" }, 0))
  .catch((error) => {
    console.error(error);
    leave({}, 1);
  });

function leave(outcome, code) {
  writeSync(3, JSON.stringify({ ...outcome, rssBytes: peakBytes() }));
  process.exit(code);
}

/** What the kernel counts in all begins with the parent's own size; this is the process's alone. */
function peakBytes() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
