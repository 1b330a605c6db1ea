/**
 * The region of a COS bucket. The object's address has the full name. `cosRegion` and `s3Region` of
 * newer events also have it. `region` and the queue's name have it in full or in short. The trigger
 * and its bucket are in one region.
 */
import { regionOf, textOf, within } from "../fields.js";

export function cosRegion(record: unknown, bucket: string): string | undefined {
  const object = within(record, "cos", "cosObject");
  const { url } = object;
  const named = within(record, "cos", "cosBucket");
  const event = within(record, "event");
  return (
    regionInUrl(url, bucket) ??
    firstOf([
      named["cosRegion"],
      named["s3Region"],
      named["region"],
      object["cosRegion"],
      object["region"],
      event["cosRegion"],
      event["region"],
      within(record)["cosRegion"],
      within(record)["awsRegion"],
      within(record)["region"],
      // qcs:0:scf:<region>:appid/…
      textOf(event["eventQueue"])?.split(":", 4)[3],
    ])
  );
}

const firstOf = (values: readonly unknown[]): string | undefined =>
  values.map(inFull).find((region) => region !== undefined);

/** Short names of Tencent's regions. COS used them before 2018. */
const SHORT: Readonly<Record<string, string>> = {
  gz: "ap-guangzhou",
  sh: "ap-shanghai",
  bj: "ap-beijing",
  nj: "ap-nanjing",
  cd: "ap-chengdu",
  cq: "ap-chongqing",
  hk: "ap-hongkong",
  sg: "ap-singapore",
  jp: "ap-tokyo",
  kr: "ap-seoul",
  th: "ap-bangkok",
  in: "ap-mumbai",
  jkt: "ap-jakarta",
  usw: "na-siliconvalley",
  use: "na-ashburn",
  ca: "na-toronto",
  de: "eu-frankfurt",
  sao: "sa-saopaulo",
  "cn-east": "ap-shanghai",
  "cn-south": "ap-guangzhou",
  "cn-southwest": "ap-chengdu",
  "cn-north": "ap-beijing-1",
  tj: "ap-beijing-1",
};

/** Regions are lowercase, also where an event writes them in capitals. */
function inFull(value: unknown): string | undefined {
  const name = textOf(value)?.trim().toLowerCase() ?? "";
  return Object.hasOwn(SHORT, name) ? SHORT[name] : regionOf(name);
}

const HOST = /^https?:\/\/([a-z0-9.-]{1,253})(?::\d{1,5})?(?:[/?#]|$)/;
const BEHIND_BUCKET =
  /^\.(?:cos|cos-internal)\.([a-z0-9-]+)\.(?:myqcloud\.com|tencentcos\.(?:cn|com))$/;

function regionInUrl(url: unknown, bucket: string): string | undefined {
  const host = HOST.exec(textOf(url) ?? "")?.[1] ?? "";
  if (!host.startsWith(bucket)) return undefined;
  return inFull(BEHIND_BUCKET.exec(host.slice(bucket.length))?.[1]);
}
