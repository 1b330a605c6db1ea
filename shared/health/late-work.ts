/** What should have happened already, and which function to look at. */
import type { Backlog } from "../store/health/backlog.js";
import { counted, duration, fail, pass, type Row, warn } from "./row.js";

export function lateWork(backlog: Backlog): Row[] {
  const { live, overdue, oldestOverdueMs, lateStarts, lateSteps } = backlog;
  const { lateSchedules, unfinished, unclaimed } = backlog;
  const check = "deadlines";
  const rows: Row[] = [];
  if (overdue === 0) rows.push(pass(check, `kept: ${counted(live, "live ingest")}, none overdue`));
  else {
    const finding = `${counted(overdue, "ingest")} overdue by more than two intervals, the oldest by ${duration(oldestOverdueMs)}`;
    const todo =
      "expire-ingests does not run, or cannot stop them: check its trigger and its log; TRTC bills them meanwhile";
    rows.push(fail(check, finding, todo));
  }
  if (lateStarts > 0) {
    const finding = `${counted(lateStarts, "scheduled start")} late by more than two intervals`;
    const todo = "advance-ingests does not run: check its trigger and its log";
    rows.push(fail("scheduled starts", finding, todo));
  }
  if (lateSteps > 0) {
    const finding = `${counted(lateSteps, "programme step")} late by more than two intervals`;
    const todo = "advance-ingests does not run: check its trigger and its log";
    rows.push(fail("programmes", finding, todo));
  }
  if (lateSchedules > 0) {
    const finding = `${counted(lateSchedules, "schedule")} not planned for five minutes or more`;
    const todo =
      "plan-schedules does not run: check its trigger and its log; occurrences start late or are missed meanwhile";
    rows.push(fail("schedules", finding, todo));
  }
  if (unfinished > 0) {
    const finding = `${counted(unfinished, "start")} without an outcome: TRTC did not answer, or the function ended`;
    const todo =
      "reconcile-ingests finishes them within two minutes: if they stay, check its trigger and its log";
    rows.push(warn("starts", finding, todo));
  }
  if (unclaimed > 0) {
    const finding = `${counted(unclaimed, "task")} that TRTC reports and no ingest owns`;
    const todo =
      "if no other system plays streams in these applications, set STOP_UNCLAIMED=on: reconcile-ingests then stops them";
    rows.push(warn("tasks", finding, todo));
  }
  return rows;
}
