/**
 * The differences between Tencent Cloud's two sites, as data. Other files read these facts and do
 * not branch on the site.
 *
 * Source: the StartStreamIngest, StopStreamIngest, UpdateStreamIngest, DescribeStreamIngest and
 * RemoveUser pages of both sites (TRTC 2019-07-22).
 */
export const SITES = ["intl", "cn"] as const;
export type Site = (typeof SITES)[number];

interface SiteFacts {
  /** The host of the cloud API. */
  host: string;
  /** The regions that every ingest action of the site documents. */
  regions: readonly string[];
  /** The region for removing a user from a room. It is never a region of ingest. */
  roomRegion: string;
  /** The largest `Volume`. On both sites 100 is the source's own loudness. */
  volumeMax: number;
}

export const SITE_FACTS: Readonly<Record<Site, SiteFacts>> = {
  intl: {
    host: "trtc.intl.tencentcloudapi.com",
    // Start and Update also list ap-guangzhou and ap-tokyo, but Stop and Describe do not. A task
    // there has no documented way to be stopped, so we never start one there.
    regions: ["ap-bangkok", "ap-jakarta", "ap-mumbai", "ap-singapore"],
    roomRegion: "ap-singapore",
    volumeMax: 100,
  },
  cn: {
    host: "trtc.tencentcloudapi.com",
    regions: ["ap-beijing", "ap-chongqing", "ap-guangzhou", "ap-shanghai", "ap-singapore"],
    roomRegion: "ap-guangzhou",
    volumeMax: 200,
  },
};

/** The only region that every ingest action documents on both sites. */
export const DEFAULT_REGION = "ap-singapore";

/** TRTC's API version, the only one of these actions. */
export const API_VERSION = "2019-07-22";
