/**
 * The event comes from none of the supported sources. The function has a wrong trigger. We throw
 * this error, so the platform counts a failure.
 */
export class UnknownEventError extends Error {
  override readonly name = "UnknownEventError";

  constructor(problem: string) {
    super(`The event ${problem}`);
    // The platform prints the stack. The cause is not in our code, so we leave the frames out.
    this.stack = `${this.name}: ${this.message}`;
  }
}
