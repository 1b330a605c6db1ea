/** Options for ajv, at run time and when the build generates code. */
export const AJV_OPTIONS = {
  // One error is enough: collecting all errors of a hostile body costs too much time.
  allErrors: false,
  strict: true,
  // An error carries its schema, so the message can say what the field expects.
  verbose: true,
} as const;
