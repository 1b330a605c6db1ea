/** A checked call, and the use case that carries it out. */
import type { Action } from "../contract/schemas.js";
import type { Call, Services, UseCase } from "./services.js";

/** What one function offers. */
export type UseCases = { readonly [A in Action]?: UseCase<A> };

export interface CheckedCall<A extends Action = Action> {
  action: A;
  call: Call<A>;
}

/** The action is one of `useCases`: the caller has checked that. */
export const callUseCase = <A extends Action>(
  services: Services,
  useCases: UseCases,
  { action, call }: CheckedCall<A>,
): Promise<object> => (useCases[action] as UseCase<A>)(services, call);
