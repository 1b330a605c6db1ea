/** Checks a trigger's description as SCF documents it, and answers it in SCF's form. */
import { nextRunAt } from "../../server/declared/cron.js";
import { CloudError } from "./cloud-error.js";

/** A function URL's address, in the form of product/583/100227 of Tencent's documentation. */
const addressOf = (functionName: string, region: string): string =>
  `https://1250000000-${functionName.slice(-10).padStart(10, "x")}.${region}.tencentscf.com`;

export function describedTrigger(
  type: string,
  desc: string,
  { functionName, region, at }: { functionName: string; region: string; at: Date },
): string {
  switch (type) {
    case "timer":
      return JSON.stringify({ cron: checkedCron(desc, at) });
    case "http": {
      const settings = parsed(desc) as { AuthType?: unknown; NetConfig?: object };
      if (settings.AuthType !== "NONE" && settings.AuthType !== "CAM") throw wrong("AuthType");
      const ExtranetUrl = addressOf(functionName, region);
      return JSON.stringify({ ...settings, NetConfig: { ...settings.NetConfig, ExtranetUrl } });
    }
    case "cos":
    case "ckafka":
      return JSON.stringify(parsed(desc));
    default:
      throw new CloudError("InvalidParameterValue.Type", `There is no trigger type ${type}.`);
  }
}

function checkedCron(line: string, at: Date): string {
  try {
    nextRunAt(line, at);
    return line;
  } catch {
    throw wrong("the cron line");
  }
}

function parsed(desc: string): object {
  try {
    return JSON.parse(desc) as object;
  } catch {
    throw wrong("JSON");
  }
}

const wrong = (what: string): CloudError =>
  new CloudError("InvalidParameterValue.TriggerDesc", `TriggerDesc: ${what} is wrong.`);
