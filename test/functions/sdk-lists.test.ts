/** A list of items through the unmodified SDKs of both sites, however they sign and send. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, systemClock } from "../../shared/clock.js";
import { startTestApp, type TestApp } from "../support/app/test-app.js";
import { nextRoom } from "../support/app/rooms.js";
import { SDK_WAYS } from "../support/http/sdk-ways.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

describe.each(SDK_WAYS)("%s", (_name, SdkAppId, senderTo) => {
  const sender = () => senderTo(app.url);

  /** Twelve items: by name, the eleventh stands before the third. */
  const listOf = () =>
    Array.from({ length: 12 }, (_, index) => ({
      StreamUrl: `${app.clip}?item=${index}`,
      Title: `Lesson ${index} (第${index}课)`,
      PlaySeconds: 60 + index,
    }));

  const start = (fields: object = {}) => ({
    SdkAppId,
    RoomId: nextRoom(),
    RoomIdType: 0,
    Playlist: listOf(),
    PlaylistRepeatNum: -1,
    FillerStreamUrl: app.clip,
    OnItemFailure: "Filler",
    KeepAlive: false,
    ...fields,
  });

  test("sends a list, and describe shows it", async () => {
    const send = sender();
    const StartTime = addMs(systemClock.now(), 60 * MINUTE_MS).toISOString();

    const fields = start({ StartTime, StartIndex: 10 });
    const { TaskId } = (await send("StartStreamIngest", fields)) as { TaskId: string };

    const [row] = await app.database.query("select programme from ingest where task_id = $1", [
      TaskId,
    ]);
    expect(row).toMatchObject({
      programme: {
        items: fields.Playlist,
        rounds: -1,
        onItemFailure: "Filler",
        restartsPerHour: 0,
      },
    });
    const { Title, StreamUrl } = listOf()[10] ?? {};
    expect(await send("DescribeStreamIngest", { SdkAppId, TaskId })).toMatchObject({
      StreamUrl,
      Item: null,
      NextItem: { Index: 10, Title, StreamUrl, StartsAt: StartTime },
      Restarts: 0,
      RolledOver: 0,
    });
    expect(await send("StopStreamIngest", { SdkAppId, TaskId })).toBeDefined();
  });

  test("reads what is on air of a list that plays", async () => {
    const send = sender();

    const fields = start();
    const { TaskId } = (await send("StartStreamIngest", fields)) as { TaskId: string };

    const [first, second] = fields.Playlist;
    const shown = {
      StreamUrl: first?.StreamUrl,
      Item: {
        Index: 0,
        Title: first?.Title,
        StreamUrl: first?.StreamUrl,
        StartedAt: expect.any(String),
        EndsAt: expect.any(String),
        PositionSeconds: expect.any(Number),
      },
      NextItem: { Index: 1, Title: second?.Title, StartsAt: expect.any(String) },
      Round: 0,
      Source: "primary",
    };
    expect(await send("DescribeStreamIngest", { SdkAppId, TaskId })).toMatchObject(shown);
    const { RoomId, RoomIdType } = fields;
    expect(await send("ListStreamIngests", { SdkAppId, RoomId, RoomIdType })).toMatchObject({
      Ingests: [{ TaskId, ...shown }],
    });
  });

  test("changes a list that plays", async () => {
    const send = sender();
    const { TaskId } = (await send("StartStreamIngest", start())) as { TaskId: string };
    const update = async (edit: object) => {
      await send("UpdateStreamIngest", { SdkAppId, TaskId, ...edit });
      return send("DescribeStreamIngest", { SdkAppId, TaskId });
    };
    const news = { StreamUrl: `${app.clip}?news`, Title: "News", PlaySeconds: 90 };

    expect(await update({ InsertNext: news })).toMatchObject({
      Item: { Index: 0 },
      NextItem: { Index: 1, Title: "News" },
    });
    expect(await update({ SkipItem: true, Sequence: Number.MAX_SAFE_INTEGER })).toMatchObject({
      Item: { Index: 1, Title: "News" },
    });
    expect(await update({ ItemIndex: 11 })).toMatchObject({ Item: { Index: 11 } });
    expect(await update({ SeekSecond: 2 })).toMatchObject({ Item: { Index: 11 } });
    const Playlist = listOf().slice(2);
    expect(await update({ Playlist })).toMatchObject({
      Item: { Index: -1 },
      NextItem: { Index: 0, Title: Playlist[0]?.Title },
    });
    const now = { Playlist, PlaylistRefresh: "Now", PlaylistRepeatNum: 3 };
    expect(await update(now)).toMatchObject({ Item: { Index: 0, Title: Playlist[0]?.Title } });
    const standIns = { BackupStreamUrl: `${app.clip}?b`, FillerStreamUrl: `${app.clip}?f` };
    await update({ ...standIns, OnItemFailure: "Retry" });

    const [row] = await app.database.query("select programme from ingest where task_id = $1", [
      TaskId,
    ]);
    expect(row).toMatchObject({
      programme: {
        items: Playlist,
        rounds: 3,
        backupUrl: standIns.BackupStreamUrl,
        fillerUrl: standIns.FillerStreamUrl,
        onItemFailure: "Retry",
      },
    });
    expect(await send("StopStreamIngest", { SdkAppId, TaskId })).toBeDefined();
  });

  test("is refused with the number of the item that is wrong", async () => {
    const Playlist = listOf().map((item, index) => (index === 10 ? { ...item, Volume: -1 } : item));

    await expect(sender()("StartStreamIngest", start({ Playlist }))).rejects.toMatchObject({
      code: "InvalidParameter.OutOfRange",
      message: expect.stringContaining("Playlist[10].Volume is too small"),
    });
  });

  test("sends an equal start again, and gets the same ingest", async () => {
    const send = sender();
    const fields = start({ ClientToken: `list-${nextRoom()}` });

    const first = (await send("StartStreamIngest", fields)) as { TaskId: string };
    const again = (await send("StartStreamIngest", fields)) as { TaskId: string };

    expect(again.TaskId).toBe(first.TaskId);
    const Playlist = fields.Playlist.slice(1);
    await expect(send("StartStreamIngest", { ...fields, Playlist })).rejects.toMatchObject({
      code: "InvalidParameterValue",
      message: expect.stringContaining("ClientToken was sent before with another request"),
    });
  });
});
