/** Says whether this deployment is live, ready and healthy, and counts what it does. */
import { isReady } from "../shared/health/examine.js";
import { exposition } from "../shared/health/metrics/exposition.js";
import { readMetrics } from "../shared/health/metrics/read.js";
import { healthPath } from "../shared/runtime/health-path.js";
import { operatorFunction } from "../shared/runtime/operator.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = operatorFunction("health", {
  "/live": {
    isOpen: true,
    answer: () => Promise.resolve({ status: 200, body: { status: "live" } }),
  },
  "/ready": {
    isOpen: true,
    async answer(services) {
      if (await isReady(services)) return { status: 200, body: { status: "ready" } };
      return { status: 503, body: { status: "not ready" } };
    },
  },
  "/health": healthPath,
  "/metrics": {
    isOpen: false,
    async answer(services, { headers }) {
      const { text, contentType } = exposition(await readMetrics(services), headers["accept"]);
      return { status: 200, body: text, contentType };
    },
  },
});

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("health"));
