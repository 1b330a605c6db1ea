/** What the callers of the day ask for. */
import { addMs, SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import { CN_APP, post } from "../app/test-app.js";
import { type Day, type DayCaller, keyOf, SCHOOL, TV } from "./world.js";

type Asked = [caller: DayCaller, request: object];

export const inSeconds = (seconds: number): string =>
  addMs(clock.now(), seconds * SECOND_MS).toISOString();

export const each = <Value>(count: number, make: (n: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index + 1));

/** Until half an hour from now, and movable by hours. */
const evening = () => ({ StopTime: inSeconds(1800), ExtendableUntil: inSeconds(5 * 3600) });

const clip = ({ emulator }: Day): string => `${emulator.url}/media/clip.mp4`;

export const loop = (day: Day, RoomId: string, fields: object = {}) => ({
  ...{ SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: clip(day), RepeatNum: -1 },
  ...evening(),
  ...fields,
});

const programme = (day: Day, RoomId: string, secondItem = clip(day)) => ({
  ...{ SdkAppId: CN_APP, RoomId, RoomIdType: 0, ...evening() },
  Playlist: [
    { Title: "Opening", StreamUrl: clip(day), PlaySeconds: 15 },
    { Title: "Talk", StreamUrl: secondItem, PlaySeconds: 1200 },
  ],
  ...{ OnItemFailure: "Filler", FillerStreamUrl: `${day.emulator.url}/media/tone.mp3` },
});

/** The source of its second item dies. */
export const talkIn = (day: Day, RoomId: string): object => programme(day, RoomId, day.talk.url);

/** 25 ingests: 16 of the school, 9 of the television. */
export function starts(day: Day): Asked[] {
  const stopAt = { StopTime: inSeconds(75) };
  const ofSchool = [
    ...each(10, (n) => loop(day, `class-${n}`)),
    ...each(2, (n) => programme(day, `evening-${n}`)),
    ...each(4, (n) => loop(day, `short-${n}`, stopAt)),
  ];
  const ofTv = [
    ...each(4, () => loop(day, "studio")),
    ...each(3, (n) => loop(day, `news-${n}`, { RepeatNum: 1000 })),
    loop(day, "live", { RepeatNum: 1, StreamUrl: day.live.url }),
    programme(day, "morning"),
  ];
  return [
    ...ofSchool.map((request): Asked => [SCHOOL, request]),
    ...ofTv.map((request): Asked => [TV, request]),
  ];
}

/** A caller sends a request again until it has an answer, to any process that runs. */
export async function insist(day: Day, [caller, request]: Asked, n: number): Promise<void> {
  const authorization = `Bearer ${keyOf(caller)}`;
  const body = { ...request, ClientToken: `day-${n}` };
  for (let attempt = n; attempt < n + 100; attempt += 1) {
    const { url } = attempt % 2 === 0 ? day.api : day.advancer;
    const answer = await post(`${url}/start-ingest`, body, { authorization }).catch(
      () => undefined,
    );
    if (answer && !answer.response.Error) return;
    if (answer && answer.status < 500 && ![409, 429].includes(answer.status)) {
      throw new Error(JSON.stringify(answer.response.Error));
    }
    await clock.sleep(300);
  }
  throw new Error(`start ${n} had no answer`);
}

/** Of the school, with one window of a minute, at a minute. Returns its ScheduleId. */
export async function createSchedule(day: Day, RoomId: string, startAt: string): Promise<string> {
  const { response } = await post(
    `${day.api.url}/schedules`,
    {
      ...{ Name: RoomId, TimeZone: "UTC" },
      Windows: [{ StartAt: startAt.slice(0, 16), DurationSeconds: 60 }],
      Ingest: { SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: clip(day), RepeatNum: -1 },
    },
    { authorization: `Bearer ${keyOf(SCHOOL)}`, "x-tc-action": "CreateIngestSchedule" },
  );
  if (response.Error) throw new Error(response.Error.Message);
  return String(response["ScheduleId"]);
}
