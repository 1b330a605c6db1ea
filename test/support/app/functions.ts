/** The function of each action. `api` serves all actions. */
import type { Action } from "../../../shared/contract/schemas.js";

export const FUNCTION_OF: Record<Action, string> = {
  StartStreamIngest: "start-ingest",
  StopStreamIngest: "stop-ingest",
  UpdateStreamIngest: "update-ingest",
  DescribeStreamIngest: "describe-ingest",
  ListStreamIngests: "list-ingests",
};

export const EVERY_FUNCTION = [...Object.values(FUNCTION_OF), "api"];
