/** Options for ajv, at run time and when the build generates code. */
export const AJV_OPTIONS = {
  // One error is enough: collecting all errors of a hostile body costs too much time.
  allErrors: false,
  strict: true,
  // check.ts writes the messages.
  messages: false,
} as const;
