/** The health of the deployment, by an operator's key: of the functions `health` and `console`. */
import { examineHealth } from "../health/examine.js";
import type { OperatorPath } from "./operator.js";

export const healthPath: OperatorPath = {
  isOpen: false,
  async answer(services) {
    const health = await examineHealth(services);
    return { status: health.status === "fail" ? 503 : 200, body: health };
  },
};
