/** A refusal in the words of the service that refuses. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly code: string;
  /** Of COS, which refuses by status; the cloud API always answers 200. */
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
