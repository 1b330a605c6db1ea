/**
 * One cold start: `node child.cjs [<module> [<event> [<starts> [rest]]]]`. Without a module it
 * measures an empty process. With a module it measures the load. With an event, as JSON, it also
 * measures the first answer, which must be a success, and then the answers of further starts. With
 * `rest` its connections close before each of them, as those of an instance that rests do.
 */
const { report } = require("./report.cjs");

const [file, event, starts = "1", rest] = process.argv.slice(2);

/** Loads nothing, unlike `performance`. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

async function main() {
  const beganMs = nowMs();
  const { handler } = file === undefined ? {} : require(file);
  const loadMs = nowMs() - beganMs;
  if (event === undefined) return report({ loadMs });
  const firstMs = await start(handler);
  const warmMs = [];
  while (warmMs.length < Number(starts) - 1) {
    if (rest) require("node:https").globalAgent.destroy();
    warmMs.push(await start(handler));
  }
  report({ loadMs, firstMs, warmMs });
}

async function start(handler) {
  const beganMs = nowMs();
  const { statusCode, body } = await handler(JSON.parse(event), {
    request_id: "cold",
    getRemainingTimeInMillis: () => 20_000,
  });
  const tookMs = nowMs() - beganMs;
  const { TaskId } = JSON.parse(body).Response ?? {};
  if (statusCode !== 200 || !TaskId) throw new Error(`not started: ${statusCode} ${body}`);
  return tookMs;
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
