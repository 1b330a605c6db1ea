/** What the API answers, as far as the console shows it. docs/contract.md has all of it. */

export interface Item {
  Index: number;
  Title: string | null;
  StreamUrl: string;
  EndsAt?: string | null;
  StartsAt?: string | null;
}

export interface Ingest {
  TaskId: string;
  State: string;
  EndReason: string | null;
  EndDetail: string | null;
  FailureCode: string | null;
  Caller: string;
  CallerId?: string;
  SdkAppId: number;
  RoomId: string;
  RoomIdType: number;
  UserId: string;
  StreamUrl: string;
  Item: Item | null;
  NextItem: Item | null;
  Source: string | null;
  Restarts: number;
  CreateTime: string;
  StartTime: string | null;
  ScheduleId: string | null;
  IsPaused: boolean;
  MediaState: string | null;
  MediaTime: string | null;
  Deadline: string;
  EndTime: string | null;
  Cost: { Usd: number; UsdToDeadline: number; Minutes: number; Tier: string };
  /** Operators get it. A caller's page finds it out itself. */
  Trouble?: string | null;
}

export interface Listing {
  Ingests: Ingest[];
  NextCursor: string | null;
  Counts?: { Live: number; Troubled: number };
}

export interface TimelineEvent {
  Sequence: number;
  Time: string;
  Type: string;
  Actor: { Kind: string; Id: string; Function: string } | null;
  Before: Record<string, unknown>;
  After: Record<string, unknown>;
}

export interface Timeline {
  Events: TimelineEvent[];
  NextCursor: string | null;
}

export interface Schedule {
  ScheduleId: string;
  Name: string;
  Caller: string;
  CallerId?: string;
  State: string;
  PausedBecause: string | null;
  TimeZone: string;
  Ingest: { RoomId: string; SdkAppId: number };
  Failures: number;
}

export interface Previewed {
  StartTime: string;
  EndTime: string;
  LocalStart: string;
  Skipped?: string;
  Note?: string;
}

export interface Conflict {
  ScheduleId: string;
  Name: string;
  StartTime: string;
  EndTime: string;
  Outcome: string;
}

export interface Occurrence {
  ScheduleId: string;
  Name: string;
  StartTime: string;
  EndTime: string;
  State: string;
  Reason: string | null;
  Detail: string | null;
  TaskId: string | null;
}

export interface CostDay {
  Day: string;
  Usd: number;
  Minutes: number;
  Ingests: number;
}

export interface HealthRow {
  check: string;
  verdict: string;
  found: string;
  todo?: string;
}

export interface Health {
  status: string;
  checks: HealthRow[];
}
