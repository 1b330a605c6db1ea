/** Turns any error of a deployment into one sentence. */

/** Tencent's SDKs throw exceptions with a code. The COS client throws the server's answer. */
interface Thrown {
  code?: unknown;
  message?: unknown;
  requestId?: unknown;
  statusCode?: number;
  error?: { Code?: unknown; Message?: unknown; code?: unknown } | string;
}

export function errorText(thrown: unknown): string {
  if (typeof thrown === "string") return thrown;
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  const { code, message, requestId, statusCode, error } = thrown as Thrown;
  const inner = typeof error === "object" ? error : undefined;
  const parts = [
    textOf(code) ?? textOf(inner?.Code) ?? textOf(inner?.code),
    textOf(message) ?? textOf(inner?.Message) ?? textOf(error),
    statusCode === undefined ? undefined : `(HTTP ${statusCode})`,
    textOf(requestId) === undefined ? undefined : `(RequestId ${String(requestId)})`,
  ];
  // An SDK's message often begins with its code.
  return [...new Set([...parts, ADVICE[String(code)]])]
    .filter((part) => part !== undefined)
    .join(" ");
}

/** Advice by the code of the refusal. */
const ADVICE: Readonly<Record<string, string>> = {
  "InvalidParameterValue.Runtime":
    "Set SCF_RUNTIME to a runtime that your region offers, as Nodejs22.21 or Nodejs20.19. " +
    "SCF never changes the runtime of a function that exists: set SCF_RUNTIME to its runtime, or remove it first.",
};

const textOf = (value: unknown): string | undefined =>
  (typeof value === "string" && value !== "") || typeof value === "number"
    ? String(value)
    : undefined;

/** `step` names the failed action and its object. The original error becomes the cause. */
export async function withDeployError<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof DeployError) throw thrown;
    throw new DeployError(`${step}: ${errorText(thrown)}`, { cause: thrown });
  }
}

/** Its message is complete. */
export class DeployError extends Error {
  /**
   * The CLI's name for errors that the user can correct. It then shows the message without a stack.
   */
  override readonly name = "ServerlessError";
}
