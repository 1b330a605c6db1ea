/**
 * One cold start: `node child.cjs [<module> [<event>]]`. Without a module it measures an empty
 * process. With a module it measures the load. With an event, as JSON, it also measures the first
 * answer, which must be a success.
 */
const { report } = require("./report.cjs");

const [file, event] = process.argv.slice(2);

/** Loads nothing, unlike `performance`. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

async function main() {
  const beganMs = nowMs();
  const { handler } = file === undefined ? {} : require(file);
  const loadMs = nowMs() - beganMs;
  if (event === undefined) return report({ loadMs });
  const { statusCode, body } = await handler(JSON.parse(event), {
    request_id: "cold",
    getRemainingTimeInMillis: () => 20_000,
  });
  const firstMs = nowMs() - beganMs - loadMs;
  const { TaskId } = JSON.parse(body).Response ?? {};
  if (statusCode !== 200 || !TaskId) throw new Error(`not started: ${statusCode} ${body}`);
  report({ loadMs, firstMs });
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
