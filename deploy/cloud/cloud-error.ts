/** A refusal with the code and message of the service. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly code: string;
  /** For COS, which refuses by status. The cloud API always answers 200. */
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
