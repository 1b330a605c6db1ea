/**
 * Two starts or updates are the same request when every field, the Region and the application
 * match.
 */
import { randomBytes } from "node:crypto";
import type { TSchema } from "@sinclair/typebox";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { addMs, MINUTE_MS, systemClock } from "../../shared/clock.js";
import { planStart } from "../../shared/ingest/start/plan-start.js";
import type { Call, Services } from "../../shared/ingest/services.js";
import { claimUpdate } from "../../shared/ingest/update/once.js";
import type { Database } from "../../shared/store/engine/database.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { readConfig } from "../../shared/config/configuration.js";
import { SCHEMAS } from "../../shared/contract/schemas.js";
import { SITES, type Site } from "../../shared/contract/sites.js";
import { openTestPostgres } from "../support/database/databases.js";
import { CN_APP, INTL_APP, SECRET_ID } from "../support/app/test-app.js";
import { runningIngest } from "../support/app/ingests.js";
import { fittingValues } from "../support/contract/schema-values.js";

const config = readConfig(localEnvironment({}, "http://127.0.0.1:1"));
const services = { config, clock: systemClock, randomBytes } as unknown as Services;

type StartCall = Call<"StartStreamIngest">;
type Fields = Record<string, unknown>;

const APPS: Record<Site, number> = { cn: CN_APP, intl: INTL_APP };

function applicationOf(sdkAppId: number) {
  const application = config.applications.get(sdkAppId);
  if (!application) throw new Error("there is no application");
  return application;
}

function hashOf(site: Site, fields: Fields, more: Partial<StartCall> = {}): string {
  const caller = config.callers.get(SECRET_ID);
  if (!caller) throw new Error("there is no caller");
  const request = { SdkAppId: APPS[site], ...fields } as StartCall["request"];
  const call = {
    caller,
    request,
    application: applicationOf(request.SdkAppId ?? APPS[site]),
    timeLeftMs: () => 30_000,
  };
  return planStart(services, { ...call, ...more }).row.requestHash;
}

/** A repeat may carry new signed texts, and may ask for a probe or not. The store keeps the hash with the token. */
const NOT_COMPARED = ["ClientToken", "UserSig", "PrivateMapKey", "ProbeSource"];

const ahead = (minutes: number) => addMs(systemClock.now(), minutes * MINUTE_MS).toISOString();

/** Two values of a field that any request may contain. */
function twoValues(name: string, schema: TSchema): [unknown, unknown] {
  if (name.endsWith("StreamUrl")) {
    return ["https://media.example/a.mp4", "https://media.example/b.mp4"];
  }
  if (name === "Playlist")
    return [
      [ITEM, ITEM],
      [ITEM, { ...ITEM, Title: "another" }],
    ];
  if (name === "StartIndex") return [0, 1];
  if (name === "RoomId") return ["1", "2"];
  if (name === "SdkAppId") return [CN_APP, INTL_APP];
  if (String(schema["pattern"]).startsWith("^\\d{4}-")) return [ahead(60), ahead(120)];
  const [one, other] = fc.sample(fc.uniqueArray(fittingValues(schema), { minLength: 2 }), {
    numRuns: 1,
    seed: 1,
  })[0] as [unknown, unknown];
  return [one, other];
}

/** A start with this field needs others beside it. */
function baseFor(name: string): Fields {
  const list = { ...BASE, StreamUrl: undefined, Playlist: [ITEM, ITEM] };
  switch (name) {
    case "StartWindowSeconds":
      return { ...BASE, StartTime: ahead(30) };
    case "Playlist":
      return { ...BASE, StreamUrl: undefined };
    case "PlaylistRepeatNum":
    case "StartIndex":
    case "RestartsPerHour":
      return list;
    case "OnItemFailure":
    case "SourceClearSeconds":
    case "SourcePreference":
      return {
        ...list,
        FillerStreamUrl: `${ITEM.StreamUrl}?filler`,
        BackupStreamUrl: ITEM.StreamUrl,
      };
    case "FillerStreamUrl":
      return { ...BASE, KeepAlive: true };
    default:
      return BASE;
  }
}

const FIELDS = SITES.flatMap((site) =>
  Object.entries<TSchema>(SCHEMAS.StartStreamIngest[site].properties).map(
    ([name, schema]) => [site, name, schema] as const,
  ),
);

const ITEM = { StreamUrl: "https://media.example/item.mp4" };

const BASE = { RoomId: "7", RoomIdType: 0, StreamUrl: "https://media.example/clip.mp4" };

describe.each(FIELDS)("a start on %s with another %s", (site, name, schema) => {
  const isCompared = !NOT_COMPARED.includes(name);
  const [one, other] = twoValues(name, schema);
  const base = baseFor(name);
  const hashWith = (value: unknown) => hashOf(site, { ...base, [name]: value });

  test(isCompared ? "is another request" : "is the same request", () => {
    expect(one).not.toEqual(other);
    expect(hashWith(one)).toBe(hashWith(one));
    expect(hashWith(one) === hashWith(other)).toBe(!isCompared);
  });

  const required: readonly string[] = SCHEMAS.StartStreamIngest[site].required;
  const isOptional = !required.includes(name) && name !== "StreamUrl" && name !== "Playlist";
  if (isOptional && name !== "SdkAppId") {
    test(`${isCompared ? "is another request" : "is the same request"} than one without it`, () => {
      const { [name]: _, ...without } = base;
      expect(hashOf(site, without) === hashWith(one)).toBe(!isCompared);
    });
  }
});

describe("a start", () => {
  test("for another Region is another request", () => {
    const hashes = [undefined, "ap-singapore", "ap-guangzhou"].map((region) =>
      hashOf("cn", BASE, { region }),
    );
    expect(new Set(hashes).size).toBe(3);
  });

  test("without its only application is the same request as one that names it", () => {
    expect(hashOf("cn", { ...BASE, SdkAppId: undefined })).toBe(hashOf("cn", BASE));
  });

  test("with its fields in another order is the same request", () => {
    const reversed = Object.fromEntries(Object.entries(BASE).reverse());
    expect(hashOf("cn", reversed)).toBe(hashOf("cn", BASE));
  });

  test("with the fields of an item in another order is the same request", () => {
    const item = { StreamUrl: "https://media.example/a.mp4", Title: "a", PlaySeconds: 5 };
    const reversed = Object.fromEntries(Object.entries(item).reverse());
    const hashWith = (...Playlist: object[]) =>
      hashOf("cn", { RoomId: "7", RoomIdType: 0, Playlist });
    expect(hashWith(reversed, ITEM)).toBe(hashWith(item, ITEM));
    expect(hashWith(ITEM, item)).not.toBe(hashWith(item, ITEM));
    expect(hashWith(item)).not.toBe(hashWith(item, item));
  });

  test("of a stored object is identified by the object's name alone", () => {
    const hashOfObject = (streamName: string, fields: Fields = {}) =>
      hashOf("cn", { ...BASE, ...fields }, { streamName });
    expect(hashOfObject("cos://a/b")).toBe(hashOfObject("cos://a/b", { Volume: 7 }));
    expect(hashOfObject("cos://a/b")).not.toBe(hashOfObject("cos://a/c"));
  });
});

describe("an update", () => {
  let database: Database;
  let store: Store;
  beforeAll(async () => {
    database = await openTestPostgres();
    store = createStore(database);
  });
  afterAll(() => database.close());

  const UPDATED = SITES.flatMap((site) =>
    Object.entries<TSchema>(SCHEMAS.UpdateStreamIngest[site].properties)
      .filter(([name]) => !["TaskId", "SdkAppId", "ClientToken"].includes(name))
      .map(([name, schema]) => [name, site, schema] as const),
  );

  test.each(UPDATED)("with another %s on %s, and the same token, is refused", async (...row) => {
    const [name, site, schema] = row;
    const caller = config.callers.get(SECRET_ID);
    if (!caller) throw new Error("there is no caller");
    const ingest = await runningIngest(store);
    const claim = (token: string, fields: Fields) => {
      const request = { TaskId: ingest.taskId, ClientToken: `${site} ${name} ${token}`, ...fields };
      return claimUpdate(
        { ...services, store, machineClock: systemClock },
        {
          caller,
          request,
          timeLeftMs: () => 1000,
          application: applicationOf(APPS[site]),
        },
        ingest,
      );
    };
    const [one, other] = twoValues(name, schema);
    const isAnother = { code: "InvalidParameterValue", message: expect.stringContaining("token") };
    expect(await claim("both", { [name]: one })).toMatchObject({ use: expect.anything() });
    await expect(claim("both", { [name]: other })).rejects.toMatchObject(isAnother);
    expect(await claim("one", { [name]: one })).toMatchObject({ use: expect.anything() });
    await expect(claim("one", {})).rejects.toMatchObject(isAnother);
  });
});
