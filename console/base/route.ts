/** The page that the address names. Only the page and a TaskId are in it, never a key. */

export const PAGES = ["ingests", "start", "schedules", "costs", "health"] as const;
export type PageName = (typeof PAGES)[number];

/** The first page of each is what it sees after signing in. */
const PAGES_OF: Readonly<Record<"caller" | "operator", readonly PageName[]>> = {
  caller: ["ingests", "start", "schedules", "costs"],
  operator: ["ingests", "schedules", "costs", "health"],
};

export const pagesOf = (kind: "caller" | "operator"): readonly PageName[] => PAGES_OF[kind];

export interface Route {
  page: PageName;
  /** The TaskId of an ingest's page. */
  id?: string;
}

export function readRoute(hash: string): Route {
  const [, name = "", id = ""] = hash.replace(/^#/, "").split("/");
  const page = PAGES.find((known) => known === name) ?? "ingests";
  return page === "ingests" && /^[\w-]{1,64}$/.test(id) ? { page, id } : { page };
}

/** A page that this key cannot see becomes the first that it can. */
export function allowedRoute(route: Route, kind: "caller" | "operator"): Route {
  const [first = "ingests"] = PAGES_OF[kind];
  return PAGES_OF[kind].includes(route.page) ? route : { page: first };
}

export const hrefOf = (page: PageName, id?: string): string =>
  id === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(id)}`;
