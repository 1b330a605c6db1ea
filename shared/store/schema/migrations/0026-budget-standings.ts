/** How far each budget is spent, for metrics. A scrape reads this and sums up no ingest. */
export const budgetStandings = `
-- As reconcile-ingests last saw it. Of the owner's two columns the other one is null.
create table budget_standing (
  scope       text not null,
  budget      text not null,
  caller_id   text,
  sdk_app_id  bigint,
  -- The first day of the period.
  period      date not null,
  -- Micro-USD, or milliseconds of DailyMinutes.
  most        bigint not null,
  spent       bigint not null,
  watched_at  timestamptz not null,
  primary key (scope, budget)
) with (fillfactor = 50);
`;
