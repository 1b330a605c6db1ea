const ITEM = { StreamUrl: "https://media.example/clip.mp4", PlaySeconds: 5 };

const NO_SOURCE = { StreamUrl: undefined, RepeatNum: undefined };

/** Kinds of bad input, each with its code in Tencent's table. */
export const BAD_INPUT: [code: string, wrong: { action: string; fields: object }][] = [
  ["MissingParameter.RoomId", start({ RoomId: undefined })],
  ["MissingParameter", start({ StreamUrl: undefined })],
  ["MissingParameter.SdkAppId", start({ SdkAppId: undefined })],
  ["InvalidParameter.SdkAppId", start({ SdkAppId: "fourteen" })],
  ["UnauthorizedOperation.SdkAppId", start({ SdkAppId: 1400000001 })],
  ["InvalidParameter.RoomId", start({ RoomIdType: 1, RoomId: "room123" })],
  ["InvalidParameter.StrRoomId", start({ RoomId: "room/123" })],
  ["InvalidParameter.StreamUrl", start({ StreamUrl: "ftp://media.example/clip.mp4" })],
  ["InvalidParameter.StreamUrl", start({ StreamUrl: "https://me:secret@media.example/a.mp4" })],
  ["InvalidParameter.OutOfRange", start({ RepeatNum: 0 })],
  ["InvalidParameter.OutOfRange", start({ MaxDuration: 10081 })],
  ["InvalidParameter.OutOfRange", start({ Volume: 201 })],
  ["InvalidParameter.UserSig", start({ UserId: "robot", UserSig: "eJwrzi9VSCrKL89LBQATRAQz" })],
  ["MissingParameter", start({ UserSig: "eJwrzi9VSCrKL89LBQATRAQz" })],
  ["InvalidParameterValue", start({ StopTime: "2020-01-01T00:00:00Z" })],
  ["InvalidParameterValue", start({ StopTime: "tomorrow" })],
  ["UnknownParameter", start({ Colour: "blue" })],
  ["InvalidParameterValue", start({ Playlist: [ITEM] })],
  ["InvalidParameterValue", start({ ...NO_SOURCE, RepeatNum: 2, Playlist: [ITEM] })],
  ["InvalidParameter.StreamUrl", start({ ...NO_SOURCE, Playlist: [{ StreamUrl: "x:y" }] })],
  ["InvalidParameter.OutOfRange", start({ RestartsPerHour: 61 })],
  ["InvalidParameterValue", start({ PlaylistRepeatNum: 2 })],
  ["InvalidParameterValue", start({ KeepAlive: true, OnItemFailure: "Filler" })],
  ["MissingParameter.TaskId", { action: "StopStreamIngest", fields: {} }],
  ["FailedOperation.TaskNotExist", { action: "StopStreamIngest", fields: { TaskId: "nobody's" } }],
  [
    "FailedOperation.TaskNotExist",
    { action: "UpdateStreamIngest", fields: { TaskId: "x", Volume: 1 } },
  ],
  ["FailedOperation.TaskNotExist", { action: "DescribeStreamIngest", fields: { TaskId: "x" } }],
  ["InvalidParameterValue", { action: "ListStreamIngests", fields: { Cursor: "nonsense" } }],
  ["InvalidAction", { action: "StartRelay", fields: {} }],
];

function start(fields: object) {
  return { action: "StartStreamIngest", fields };
}
