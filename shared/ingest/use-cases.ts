/** Connects a checked call with its use case. */
import type { Action } from "../contract/schemas.js";
import type { CheckedCall, Services, UseCase } from "./services.js";

/** The use cases of one function. */
export type UseCases = { readonly [A in Action]?: UseCase<A> };

/** The caller must check first that the action is one of `useCases`. */
export async function callUseCase<A extends Action>(
  services: Services,
  useCases: UseCases,
  { action, call }: CheckedCall<A>,
): Promise<object> {
  const { places } = services;
  const work = (placed: Services) => (useCases[action] as UseCase<A>)(placed, call);
  if (!places) return work(services);
  const { callPlaced } = await import("./places/call-placed.js");
  return callPlaced(services, places, { action, call }, work);
}
