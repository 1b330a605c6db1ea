/** The database that each test's own is copied from: migrated, and empty. */
export const TEMPLATE = "template_migrated";
