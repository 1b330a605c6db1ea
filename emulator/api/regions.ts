/**
 * Where each action may be called, per site, as its page says: the international pages of Stop and
 * Describe leave out two of the regions of Start. Cloud API pages of TRTC, 2025-11; the region list of
 * the Chinese Describe page was not seen and is taken to be that of its siblings.
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
