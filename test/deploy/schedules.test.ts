/** Schedules are checked before an upload: SCF's cron lines and EventBridge's own. */
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { AwsPlugin } from "../../deploy/plugin/aws-plugin.js";
import { scheduleFault } from "../../deploy/plugin/aws-schedule.js";
import { cronFaults } from "../../deploy/plugin/checks/limits.js";

describe("a timer of serverless.yml", () => {
  const timer = (cronExpression: string) => [
    { timer: { name: "tick", parameters: { cronExpression } } },
  ];

  test.each(["0 */1 * * * * *", "30 0-59/2 * * * MON-FRI *"])("may be %s", (line) => {
    expect(cronFaults("reconcile-ingests", timer(line))).toEqual([]);
  });

  test.each([
    ["0 0 0 L * * *", 'the day "L"'],
    ["*/5 * * * *", "this one has 5"],
    ["0 0 0 * * 7 *", 'the weekday "7"'],
  ])("may not be %s", (line, why) => {
    const [fault] = cronFaults("reconcile-ingests", timer(line));
    expect(fault).toMatch(/^reconcile-ingests: ".*" is not a cron line of SCF: /);
    expect(fault).toContain(why);
  });
});

describe("a schedule of serverless.aws.yml", () => {
  test.each([
    ...["rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(2 days)"],
    ...["cron(0/5 * * * ? *)", "cron(0 8 ? * MON-FRI *)", "cron(0 0 L * ? 2027)"],
  ])("may be %s", (schedule) => {
    expect(scheduleFault(schedule)).toBeUndefined();
  });

  test.each([
    ["rate(0 minutes)", "is a rate of 0"],
    ["rate(1 minutes)", "is written rate(1 minute)"],
    ["rate(5 minute)", "is written rate(5 minutes)"],
    ["rate(30 seconds)", "is neither"],
    ["0 */1 * * * * *", "is neither"],
    ["cron(* * * * *)", "is a cron of 5 fields"],
    ["cron(0 * * * * *)", "must be ?"],
    ["cron(0 * ? * ? *)", "must be ?"],
    ["cron(0 * 1 jan ? *)", "wrong field: jan"],
  ])("may not be %s", (schedule, why) => {
    expect(scheduleFault(schedule)).toContain(why);
  });

  describe("is judged when it is packaged", () => {
    const FILE: string = "../../deploy/plugin/aws-plugin.cjs";
    let Plugin: typeof AwsPlugin;
    beforeAll(async () => {
      ({ default: Plugin } = (await import(FILE)) as { default: typeof AwsPlugin });
    });

    test.each(["rate(1 minutes)", { rate: "rate(1 minutes)" }, { rate: ["rate(1 minutes)"] }])(
      "%j",
      (schedule) => {
        const functions = { "expire-ingests": { events: [{ schedule }] } };
        const serverless = { cli: { log: () => undefined }, service: { provider: {}, functions } };
        const { hooks } = new Plugin(serverless, {});
        expect(() => hooks["after:package:finalize"]?.()).toThrow(
          'expire-ingests: the schedule "rate(1 minutes)" is written rate(1 minute)',
        );
      },
    );
  });
});
