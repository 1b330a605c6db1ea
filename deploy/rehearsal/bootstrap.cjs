/**
 * The process that SCF runs a function in. Of this project it has only the function itself, in the
 * working folder. The order comes on standard input, and the outcome leaves on descriptor 3. So the
 * output of the function is its log and nothing else.
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

/** VmHWM is this process's own peak. `maxRSS` begins with the size of the parent. */
function peakBytes() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
