/** An instance that dies, for tests of what others make of its work. */
import type { Services } from "../../shared/ingest/services.js";

/** They change nothing that another instance could see. */
const UNCOUNTED = new Set<string | symbol>(["ready", "openAhead"]);

/** Services that carry out some statements and calls, and nothing after them. */
export function mortal(
  services: Services,
  actions: number,
): { services: Services; isDead: () => boolean } {
  let left = actions;
  const act = <T extends object>(object: T): T =>
    new Proxy(object, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value === "object" && value !== null) return act(value);
        if (typeof value !== "function" || UNCOUNTED.has(name)) return value;
        if (name === "by") return () => act(target);
        return (...parameters: unknown[]): unknown => {
          left -= 1;
          if (left < 0) return Promise.reject(new Error("the instance is dead"));
          return Reflect.apply(value, target, parameters);
        };
      },
    });
  const { store, trtc } = services;
  return {
    services: { ...services, store: act(store), trtc: act(trtc) },
    isDead: () => left < 0,
  };
}
