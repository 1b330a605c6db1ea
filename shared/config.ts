/**
 * The only file that reads the environment. What the variables mean, and which values they take,
 * is in validation/configuration.ts.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export const environment = (): Environment => process.env;
