/** The facts of an ingest as pairs of a name and a text. A fact that does not apply is left out. */
import { MINUTE_MS } from "../clock.js";
import { instantText, lengthText, moneyText, numberText, untilText } from "../parts/format.js";
import type { Ingest, Item } from "../service/types.js";
import { label, t } from "../words/words.js";
import { shortUrl, stateText } from "./list-row.js";

type Fact = readonly [name: string, value: string];

export function factRows(ingest: Ingest): Fact[] {
  const facts: (readonly [name: string, value: string | undefined])[] = [
    [t("fact.state"), stateText(ingest)],
    [t("fact.reason"), ingest.EndDetail ?? undefined],
    [t("fact.media"), mediaText(ingest)],
    [t("fact.source"), sourceText(ingest)],
    [t("fact.item"), itemText(ingest.Item)],
    [t("fact.next"), itemText(ingest.NextItem)],
    [t("fact.deadline"), deadlineText(ingest)],
    [t("fact.started"), ingest.StartTime === null ? undefined : instantText(ingest.StartTime)],
    [t("fact.ended"), ingest.EndTime === null ? undefined : instantText(ingest.EndTime)],
    [t("fact.cost"), costText(ingest)],
    [
      t("fact.room"),
      `${ingest.RoomId} (${t(ingest.RoomIdType === 1 ? "room.number" : "room.string")})`,
    ],
    [t("fact.application"), String(ingest.SdkAppId)],
    [t("fact.robot"), ingest.UserId],
    [t("fact.caller"), ingest.CallerId ?? ingest.Caller],
    [t("fact.restarts"), ingest.Restarts > 0 ? numberText(ingest.Restarts) : undefined],
    [t("fact.schedule"), ingest.ScheduleId ?? undefined],
    [t("fact.task"), ingest.TaskId],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function sourceText({ Source, StreamUrl }: Ingest): string {
  const url = shortUrl(StreamUrl);
  return Source === null ? url : `${label("source", Source)}: ${url}`;
}

function mediaText({ MediaState, MediaTime, State }: Ingest): string | undefined {
  if (MediaState === null || State === "ended") return undefined;
  const state = label("media", MediaState);
  return MediaTime === null ? state : `${state}, ${instantText(MediaTime)}`;
}

function itemText(item: Item | null): string | undefined {
  if (item === null) return undefined;
  const name = item.Title ?? shortUrl(item.StreamUrl);
  const number = item.Index < 0 ? "" : `${item.Index + 1}. `;
  if (typeof item.EndsAt === "string") {
    return `${number}${name} (${t("item.ends", { at: instantText(item.EndsAt) })})`;
  }
  if (typeof item.StartsAt === "string") {
    return `${number}${name} (${t("item.starts", { at: instantText(item.StartsAt) })})`;
  }
  return `${number}${name}`;
}

function deadlineText({ Deadline, State }: Ingest): string {
  const at = instantText(Deadline);
  return State === "ended" ? at : t("fact.deadline-in", { at, in: untilText(Deadline) });
}

function costText({ Cost, State }: Ingest): string {
  const { Usd, UsdToDeadline, Minutes, Tier } = Cost;
  const values = {
    usd: moneyText(Usd),
    all: moneyText(UsdToDeadline),
    time: lengthText(Minutes * MINUTE_MS),
    tier: Tier,
  };
  return State === "ended" ? t("cost.ended", values) : t("cost.so-far", values);
}
