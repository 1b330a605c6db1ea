/** The template of every test's database: migrated and empty. */
export const TEMPLATE = "template_migrated";
