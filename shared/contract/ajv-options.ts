/** How ajv checks, at run time and when it writes code ahead of it. */
export const AJV_OPTIONS = {
  // Collecting every error of a hostile body is work that an attacker can ask for.
  allErrors: false,
  strict: true,
  // An error carries its schema: the message says what the field wants.
  verbose: true,
} as const;
