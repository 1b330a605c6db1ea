/** PRICES: what TRTC bills the operator for. Prices that it leaves out are list prices. */
import * as Type from "@sinclair/typebox";
import { type Site, SITES } from "../../contract/sites.js";
import { type Prices, TIERS } from "../../contract/tiers.js";
import type { Environment } from "../environment.js";
import { readList, refuseIfAny, uniquely } from "../read-variables.js";
import { CLOSED } from "../setting-types.js";
import { LIST_DATE, LIST_PRICES } from "./list-prices.js";
import { hasWholePrice, microUsdPerMinute } from "./micro-usd.js";

/** USD for 1,000 minutes. */
const price = Type.Optional(Type.Number({ minimum: 0, maximum: 10_000 }));

export const priceSchema = Type.Object(
  {
    /** Absent: both sites. An entry of the site goes first. */
    Site: Type.Optional(Type.Unsafe<Site>({ type: "string", enum: SITES })),
    /** The date of these prices, which each cost names. */
    Of: Type.String({ pattern: "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$" }),
    Audio: price,
    HD: price,
    FullHD: price,
    "2K": price,
    "4K": price,
    /** The robot's stay in the room, which comes on top of each of the others. */
    RoomStay: price,
  },
  CLOSED,
);

export type PricesBySite = Readonly<Record<Site, Prices>>;

type UsdPrices = Partial<Record<keyof typeof LIST_PRICES, number>>;

/** Throws ConfigError. */
export function readPrices(env: Environment): PricesBySite {
  const entries = readList(env, "PRICES", { schema: priceSchema });
  const bySite = uniquely("PRICES", "Site", entries);
  refuseIfAny(
    entries.flatMap((entry, index) =>
      ([...TIERS, "RoomStay"] as const).map((name) =>
        hasWholePrice(entry[name] ?? 0)
          ? undefined
          : `PRICES[${index}]: ${name} has more than three decimals: round it, in USD for 1,000 minutes`,
      ),
    ),
  );
  const pricesOf = (site: Site): Prices => {
    const entry = bySite.get(site) ?? bySite.get(undefined);
    return entry ? withRoomStay(entry.Of, entry) : listPrices;
  };
  return { intl: pricesOf("intl"), cn: pricesOf("cn") };
}

function withRoomStay(Of: string, prices: UsdPrices): Prices {
  const { RoomStay, ...usd } = { ...LIST_PRICES, ...prices };
  const sum = (tier: keyof typeof usd) =>
    microUsdPerMinute(usd[tier]) + microUsdPerMinute(RoomStay);
  return {
    Of,
    Audio: sum("Audio"),
    HD: sum("HD"),
    FullHD: sum("FullHD"),
    "2K": sum("2K"),
    "4K": sum("4K"),
  };
}

export const listPrices: Prices = withRoomStay(LIST_DATE, {});
