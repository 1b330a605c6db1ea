/** How a measured process says that it is there; the parent takes the time when this arrives. */
const { readFileSync } = require("node:fs");

/**
 * The peak since the process became itself. `resourceUsage` would also count what the parent held
 * at the fork, on Linux.
 */
function peakRssMb() {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)[1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

exports.report = (figures = {}) => {
  process.stdout.write("\nready\n");
  process.stdout.write(`${JSON.stringify({ ...figures, rssMb: peakRssMb() })}\n`, () =>
    process.exit(),
  );
};
