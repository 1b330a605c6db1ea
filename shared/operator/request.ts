/** What a use case of an operator gets. */
import type { OperatorAction, OperatorRequests } from "../contract/operator-schemas.js";

/** A checked request of an operator. The store of the services is bound to its name. */
export interface OperatorCall<A extends OperatorAction> {
  request: OperatorRequests[A];
  timeLeftMs: () => number;
}
