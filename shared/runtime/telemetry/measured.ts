/**
 * Measures each invocation for an OpenTelemetry collector, where OTEL_EXPORTER_OTLP_ENDPOINT names
 * one. Without it this middleware does nothing, and the rest of the folder is not loaded.
 */
import type { MiddlewareObj } from "@middy/core";
import { ignoreFailure } from "../../ignore.js";
import type { Actor } from "../../store/history/actor.js";
import type { Invocation, Outcome } from "../invocation.js";
import type { Meter } from "./meter.js";

export interface Measured {
  functionName: string;
  actor: Actor["kind"];
  outcomeOf: (error: unknown) => Outcome;
}

/** It comes after the services, because they have the configuration. */
export function measured<Answer, I extends Invocation>({
  outcomeOf,
  ...about
}: Measured): MiddlewareObj<unknown, Answer, Error, I> {
  let opening: Promise<Meter> | undefined;
  let pushed: Promise<void> | undefined;
  const finish = async ({ elapsedMs }: I, isError: boolean) => {
    const durationMs = elapsedMs();
    opening?.then((meter) => meter.record({ durationMs, isError }), ignoreFailure);
    // The platform freezes an instance with its answer.
    await pushed;
  };
  return {
    before: ({ context: { services, log } }) => {
      const config = services?.config;
      if (config?.otlpEndpoint === undefined) return;
      opening ??= import("./meter.js").then(({ openMeter }) => openMeter(config, about));
      pushed = opening.then((meter) => meter.push(log), ignoreFailure);
    },
    after: ({ context }) => finish(context, false),
    onError: ({ context, error }) => finish(context, outcomeOf(error).level === "error"),
  };
}
