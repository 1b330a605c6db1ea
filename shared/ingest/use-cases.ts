/** Connects a checked call with its use case. */
import type { Action } from "../contract/schemas.js";
import type { Call, Services, UseCase } from "./services.js";

/** The use cases of one function. */
export type UseCases = { readonly [A in Action]?: UseCase<A> };

export interface CheckedCall<A extends Action = Action> {
  action: A;
  call: Call<A>;
}

/** The caller must check first that the action is one of `useCases`. */
export const callUseCase = <A extends Action>(
  services: Services,
  useCases: UseCases,
  { action, call }: CheckedCall<A>,
): Promise<object> => (useCases[action] as UseCase<A>)(services, call);
