/**
 * The regions of each action, per site, as its page lists them. The international pages of Stop and
 * Describe omit two regions of Start. Source: TRTC's cloud API pages, 2025-11. The Chinese Describe
 * page was not available; its list is assumed to equal that of the other actions.
 */
import type { Site } from "../../shared/contract/sites.js";
import type { TrtcAction } from "./schemas.js";

type Regions = Readonly<Record<Site, readonly string[]>>;

const cnIngest = ["ap-beijing", "ap-chongqing", "ap-guangzhou", "ap-shanghai", "ap-singapore"];

const intlOnly = ["ap-bangkok", "ap-jakarta", "ap-mumbai", "ap-singapore"];

const wide: Regions = { intl: [...intlOnly, "ap-guangzhou", "ap-tokyo"], cn: cnIngest };

const narrow: Regions = { intl: intlOnly, cn: cnIngest };

const rooms: Regions = {
  intl: ["ap-beijing", "ap-guangzhou", "ap-singapore"],
  cn: ["ap-beijing", "ap-guangzhou"],
};

export const REGIONS: Readonly<Record<TrtcAction, Regions>> = {
  StartStreamIngest: wide,
  UpdateStreamIngest: wide,
  StopStreamIngest: narrow,
  DescribeStreamIngest: narrow,
  RemoveUser: rooms,
  RemoveUserByStrRoomId: rooms,
  DismissRoom: rooms,
  DismissRoomByStrRoomId: rooms,
};
