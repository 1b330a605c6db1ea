/**
 * The start function that Tencent's documentation leads to, for comparison. It has the SDK as its
 * README requires it, a UserSig from `tls-sig-api-v2`, one call, and its answer. No authentication,
 * no checks, nothing remembered, nothing stopped.
 */
const tencentcloud = require("tencentcloud-sdk-nodejs");
const { Api } = require("tls-sig-api-v2");

const TrtcClient = tencentcloud.trtc.v20190722.Client;

exports.makeHandler = ({
  SDK_APP_ID,
  SDK_KEY,
  SECRET_ID,
  SECRET_KEY,
  TRTC_HOST,
  TRTC_PROTOCOL,
}) => {
  const client = new TrtcClient({
    credential: { secretId: SECRET_ID, secretKey: SECRET_KEY },
    region: "ap-guangzhou",
    profile: { httpProfile: { protocol: TRTC_PROTOCOL, endpoint: TRTC_HOST } },
  });
  const signer = new Api(Number(SDK_APP_ID), SDK_KEY);

  return async (event) => {
    const { RoomId, RoomIdType, StreamUrl, RepeatNum } = JSON.parse(event.body);
    const UserId = `robot_${Math.random().toString(36).slice(2)}`;
    const answer = await client.StartStreamIngest({
      SdkAppId: Number(SDK_APP_ID),
      RoomId,
      RoomIdType,
      UserId,
      UserSig: signer.genUserSig(UserId, 86_400),
      StreamUrl,
      RepeatNum,
    });
    return {
      isBase64Encoded: false,
      statusCode: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ Response: answer }),
    };
  };
};

exports.handler = exports.makeHandler(process.env);
