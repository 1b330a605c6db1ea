/** The account's services that a deployment calls: CAM and TAG. */
import { CloudError } from "./cloud-error.js";

export const APP_ID = "1250000000";

export interface Account {
  serve: (service: string, action: string, parameters: Readonly<Record<string, unknown>>) => object;
  /** By resource, such as `qcs::scf:…`. */
  tags: ReadonlyMap<string, unknown>;
}

/** This account can create no role: a deployment may not try it unless it is asked to. */
export function makeAccount(): Account {
  const tags = new Map<string, unknown>();
  return {
    tags,
    serve(service, action, parameters) {
      switch (`${service}.${action}`) {
        case "cam.GetUserAppId":
          return { AppId: APP_ID, OwnerUin: "100000000001", Uin: "100000000001" };
        case "tag.DescribeResourceTagsByResourceIds":
          return { TotalCount: 0, Offset: 0, Limit: 1000, Tags: [] };
        case "tag.ModifyResourceTags":
          tags.set(String(parameters["Resource"]), parameters["ReplaceTags"]);
          return {};
        default:
          throw new CloudError("InvalidAction", `${service} ${action} is not imitated.`);
      }
    },
  };
}
