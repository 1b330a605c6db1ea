/** In a run on this machine a room's page shows the ingests behind TRTC's tasks. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type LocalRuntime, startLocal } from "../../../local/runtime.js";
import type { RoomView } from "../../../emulator/page/view.js";
import { addMs, systemClock } from "../../../shared/clock.js";
import { CN_APP, post } from "../../support/app/test-app.js";

let runtime: LocalRuntime;
beforeAll(async () => {
  runtime = await startLocal({ env: {}, port: 0, trtcPort: 0, log: () => undefined });
});
afterAll(() => runtime.close());

test("shows our TaskId, the deadline that ends it, and why it ended", async () => {
  const StopTime = addMs(systemClock.now(), 90_000).toISOString();
  const { response } = await post(`${runtime.url}/start-ingest`, {
    SdkAppId: CN_APP,
    RoomId: "lobby",
    RoomIdType: 0,
    RepeatNum: -1,
    StopTime,
    StreamUrl: `${runtime.trtcUrl}/media/clip.mp4`,
  });
  const view = async () =>
    (await (await fetch(`${runtime.trtcUrl}/_emulator/rooms/0/lobby`)).json()) as RoomView;
  const [playing] = (await view()).live;
  const { TaskId: taskId } = response;
  expect(playing?.ingest).toEqual({
    taskId,
    deadline: StopTime,
    endReason: null,
    endDetail: null,
    programme: null,
  });
  // TRTC's own limit is two minutes, so the deadline ends the task.
  expect(playing?.endsBy?.reason).toBe("deadline");
  expect(playing?.endsBy?.inSeconds).toBeLessThanOrEqual(90);
  await post(`${runtime.url}/stop-ingest`, { SdkAppId: CN_APP, TaskId: taskId });
  const [ended] = (await view()).ended;
  expect(ended).toMatchObject({ endsBy: null, ingest: { taskId, endReason: "stopped" } });
  const asked = { SdkAppId: CN_APP, TaskId: taskId };
  const described = await post(`${runtime.url}/describe-ingest`, asked);
  expect(described.response["EndDetail"]).toMatch(/ asked for /);
  expect(ended?.ingest?.endDetail).toBe(described.response["EndDetail"]);
  const html = await (await fetch(`${runtime.trtcUrl}/rooms/0/lobby`)).text();
  expect(html).toContain(String(taskId));
});
