/**
 * The databases of a deployment that has several. Each account is in one of them. While it moves it
 * is in two: the first takes its new ingests, and the second still has older ones.
 */
import type { Actor } from "./history/actor.js";
import type { Store } from "./store.js";

export interface Place {
  store: Store;
  /** What health calls it: its accounts, and never its URL. */
  name: string;
}

export interface Places {
  /** Every database. The one of DATABASE_URL is the first. */
  all: readonly Place[];
  of: (account: string) => readonly Store[];
  /** The same databases, in the name of this actor. */
  by: (actor: Partial<Actor>) => Places;
}

interface PlacesParts {
  /** The store of DATABASE_URL. */
  main: Store;
  databaseUrl: string | undefined;
  databaseUrls: ReadonlyMap<string, readonly string[]>;
  /** The stores of the other URLs. */
  others: ReadonlyMap<string, Store>;
}

export function makePlaces(parts: PlacesParts): Places {
  const { main, databaseUrl, databaseUrls, others } = parts;
  const namesOf = (url: string): string =>
    [...databaseUrls].flatMap(([account, urls]) => (urls.includes(url) ? account : [])).join(", ");
  const storeOf = (url: string): Store => (url === databaseUrl ? main : (others.get(url) ?? main));
  return {
    all: [
      { store: main, name: "default" },
      ...[...others].map(([url, store]) => ({ store, name: namesOf(url) })),
    ],
    of: (account) => databaseUrls.get(account)?.map(storeOf) ?? [main],
    by: (actor) =>
      makePlaces({
        ...parts,
        main: main.by(actor),
        others: new Map([...others].map(([url, store]) => [url, store.by(actor)])),
      }),
  };
}

/** The URLs that need a connection besides DATABASE_URL. */
export const otherUrls = ({
  databaseUrl,
  databaseUrls,
}: Pick<PlacesParts, "databaseUrl" | "databaseUrls">): string[] =>
  [...new Set([...databaseUrls.values()].flat())].filter((url) => url !== databaseUrl);
