/** Makes SCF's triggers match serverless.yml, including function URLs. */
import type { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/scf/v20180416/scf_client.js";
import { getFunction, NAMESPACE, scfClient } from "./scf-api.js";
import { planTriggers, type TriggerStep, triggersOf } from "./triggers.js";
import type { Upstream } from "../upstream.js";
import { withDeployError } from "../deploy-error.js";

export function mendTriggers({ DeployTrigger, validate }: Upstream): void {
  // The plugin knows five types of trigger and no function URL. SCF has retired two of the five.
  // triggersOf checks ours.
  validate.validateEventsProperty = () => undefined;

  DeployTrigger.prototype.create = async function (_namespace, _old, { Name, FuncName }) {
    const client = scfClient(this.options);
    const { service, cli } = this.serverless;
    const declared = triggersOf(Name, service.functions[Name]?.events);
    // Read again, because an aborted deployment may have left more triggers than the last answer
    // showed.
    const now = await withDeployError(`GetFunction ${FuncName}`, () =>
      getFunction(client, FuncName),
    );
    const { steps, undeclared } = planTriggers(declared, now?.Triggers ?? []);
    for (const step of steps) {
      const what = `${step.action} ${step.trigger.Type} ${step.trigger.TriggerName} of ${FuncName}`;
      await withDeployError(what, () => carryOut(client, FuncName, step));
      cli.log(what);
    }
    for (const trigger of undeclared) {
      cli.log(
        `Note: ${FuncName} also has the trigger ${trigger}, which serverless.yml does not name`,
      );
    }
    return steps;
  };
}

function carryOut(client: Client, FunctionName: string, { action, trigger }: TriggerStep) {
  const target = { FunctionName, Namespace: NAMESPACE };
  const { Type, TriggerName, TriggerDesc, Qualifier } = trigger;
  switch (action) {
    case "CreateTrigger":
      return client.CreateTrigger({ ...target, ...trigger });
    case "UpdateTrigger":
      return client.UpdateTrigger({ ...target, ...trigger });
    case "DeleteTrigger":
      return client.DeleteTrigger({ ...target, Type, TriggerName, TriggerDesc, Qualifier });
  }
}
