/** The project with injected time, and callers and an application that have budgets. */
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import { localEnvironment } from "../../../local/environment/local-environment.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import type { Services } from "../../../shared/ingest/services.js";
import { CN_APP, INTL_APP } from "../../support/app/test-app.js";
import { startTimedApp } from "../../support/app/timed-app.js";

/** Micro-USD for a minute of a source of unknown size, at list prices. */
export const PER_MINUTE = 14_980;

/** USD for so many minutes of it. */
export const usd = (minutes: number): number => (minutes * PER_MINUTE) / 1e6;

const NOTIFIED = {
  NotifyUrl: "https://receiver.example/",
  NotifySecrets: ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"],
};

/** What a test says of a caller, beside its Id. */
export type CallerFields = Readonly<Record<string, object>>;

const keyOf = (callerId: string): string => `secret-key-of-${callerId}`;

/** Callers are in both applications. `intlBudgets` are those of the international one. */
export async function openBudgetApp(callers: CallerFields, intlBudgets?: object) {
  const apps = JSON.parse(localEnvironment({}, "http://127.0.0.1:1")["TRTC_APPS"] ?? "") as {
    SdkAppId: number;
  }[];
  const timed = await startTimedApp({
    env: {
      CALLERS: JSON.stringify(
        Object.entries(callers).map(([Id, fields]) => ({
          Id,
          SecretKeys: [keyOf(Id)],
          SdkAppIds: [CN_APP, INTL_APP],
          ...NOTIFIED,
          ...fields,
        })),
      ),
      TRTC_APPS: JSON.stringify(
        apps.map((entry) =>
          entry.SdkAppId === INTL_APP && intlBudgets
            ? { ...entry, Budgets: intlBudgets }
            : { ...entry },
        ),
      ),
    },
  });
  const { app, clock, services } = timed;
  let rooms = 0;
  const post = (functionName: string, callerId: string, body: object) =>
    clock.advanceUntilDone(
      app.post(functionName, body, { authorization: `Bearer ${keyOf(callerId)}` }),
    );
  const run = (
    useCase: typeof reconcileIngests | typeof advanceIngests,
    by: Services = services,
  ): Promise<Record<string, number>> => {
    const endsMs = clock.elapsedMs() + MINUTE_MS;
    const running: Promise<Record<string, number>> = useCase(by, {
      timeLeftMs: () => endsMs - clock.elapsedMs(),
    });
    return clock.advanceUntilDone(running);
  };
  return {
    ...timed,
    post,
    run,

    start(callerId: string, fields: object) {
      rooms += 1;
      const room = { SdkAppId: CN_APP, RoomId: `budget-${rooms}`, RoomIdType: 0 };
      return post("start-ingest", callerId, {
        ...room,
        StreamUrl: app.clip,
        RepeatNum: -1,
        ...fields,
      });
    },

    async describeIngest(callerId: string, TaskId: unknown) {
      return (await post("describe-ingest", callerId, { SdkAppId: CN_APP, TaskId })).response;
    },

    reconcile: (by?: Services) => run(reconcileIngests, by),
    advance: (by?: Services) => run(advanceIngests, by),

    /** The same services, with these budgets of a caller from now on. */
    withBudgets(callerId: string, Budgets: object): Services {
      const { config } = services;
      const caller = config.callers.get(callerId);
      if (!caller) throw new Error("there is no such caller");
      const callersNow = new Map(config.callers).set(callerId, { ...caller, Budgets });
      return { ...services, config: { ...config, callers: callersNow } };
    },

    /** What callers were told of budgets, the oldest first. */
    async notices() {
      const rows = await app.database.query(
        `select caller_id, type, position, facts from outbox
         where type like 'budget.%' order by happened_at, caller_id, facts ->> 'budget', position`,
      );
      return rows.map(({ caller_id, type, facts }) => [
        caller_id,
        type,
        (facts as { budget: string }).budget,
      ]);
    },

    inMinutes: (minutes: number): string => addMs(clock.now(), minutes * MINUTE_MS).toISOString(),
  };
}

export type BudgetApp = Awaited<ReturnType<typeof openBudgetApp>>;
