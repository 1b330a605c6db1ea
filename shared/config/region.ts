/** Where a task may be started: only in regions where every ingest action is documented to work. */
import { ApiError } from "../contract/errors.js";
import { SITE_FACTS, type Site } from "../contract/sites.js";

export function checkRegion(site: Site, region: string | undefined): void {
  const { regions } = SITE_FACTS[site];
  if (region === undefined || regions.includes(region)) return;
  throw new ApiError(
    "UnsupportedRegion",
    `A stream started in this region could not be stopped there: send one of ${regions.join(", ")}, or no region.`,
  );
}
