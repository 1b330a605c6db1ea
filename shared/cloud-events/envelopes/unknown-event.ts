/**
 * What called the function is none of the sources that it is for: somebody has bound a wrong
 * trigger to it. It is thrown, so that the platform counts it as the failure that it is.
 */
export class UnknownEventError extends Error {
  override readonly name = "UnknownEventError";

  constructor(problem: string) {
    super(`The event ${problem}`);
    // The platform prints what is thrown, and this is no fault of the code.
    this.stack = `${this.name}: ${this.message}`;
  }
}
