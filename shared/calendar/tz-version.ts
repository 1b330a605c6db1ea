/** The version of the runtime's time zone data, for example `2025c`. As text, a newer one is greater. */
export const tzVersion = (): string => process.versions["tz"] ?? "unknown";
