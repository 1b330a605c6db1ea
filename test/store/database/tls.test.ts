/** A database with an authority of its own: who is believed, and who gets the password. */
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Certificates, makeCertificates } from "../../../deploy/cloud/certificates.js";
import { checkTransport } from "../../../ops/doctor/transport.js";
import { type PostgresServer, startPostgres } from "../../../local/environment/postgres-server.js";
import { MINUTE_MS } from "../../../shared/clock.js";
import { migrate } from "../../../shared/store/schema/migrate.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { connectionFacts } from "../../../shared/store/engine/postgres-connection.js";
import { openDoctorHarness, type DoctorHarness } from "../../support/app/doctor-harness.js";
import { runCli } from "../../support/cli.js";
import { runScript } from "../../support/app/process.js";
import { read } from "../../support/contract/settings.js";

let right: Certificates;
let other: Certificates;
let server: PostgresServer;
/** Its certificate is for `localhost`. */
let url: string;

beforeAll(async () => {
  [right, other] = await Promise.all([
    makeCertificates(["localhost"]),
    makeCertificates(["localhost"], { authorityName: "another authority" }),
  ]);
  server = await startPostgres(right);
  url = `${server.urlOf("postgres").replace("127.0.0.1", "localhost")}?sslmode=verify-full`;
});
afterAll(() => server.stop());

/** Whether the connection is encrypted, as the server sees it; or the code of the failure. */
async function tlsOf(at: { url: string; ca?: string }): Promise<unknown> {
  const database = openPostgres(at, { connectionsMax: 1 });
  try {
    const [row] = await database.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
    return row?.["ssl"];
  } catch (error) {
    return (error as { code?: unknown }).code;
  } finally {
    await database.close();
  }
}

const caOf = (text: string) => read({ DATABASE_CA: text, DATABASE_URL: url }).databaseCa ?? "";

describe("a server whose authority is in DATABASE_CA", () => {
  const oneLine = (pem: string) => pem.trim().replace(/\r?\n/g, "\\n");
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const bare = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, "");

  test.each<[string, (pem: string) => string]>([
    ["PEM", (pem) => pem],
    ["PEM whose line ends are written as \\n", oneLine],
    ["PEM whose lines were joined by spaces", (pem) => pem.replace(/\r?\n/g, " ")],
    ["PEM with CRLF and words around it", (pem) => `# the CA\r\n${pem.replace(/\n/g, "\r\n")}\r\n`],
    ["base64 of PEM", base64],
    ["base64 of PEM, in lines", (pem) => base64(pem).replace(/.{64}/g, "$&\n")],
    ["base64 of DER: the PEM without its first and last line", bare],
  ])("is believed: %s", async (_, written) => {
    expect(await tlsOf({ url, ca: caOf(written(right.authority)) })).toBe(true);
  });

  test("is believed among several, in any order", async () => {
    const both = [other.authority, right.authority];
    expect(await tlsOf({ url, ca: caOf(both.join("\n")) })).toBe(true);
    expect(await tlsOf({ url, ca: caOf(oneLine(both.reverse().join("\n"))) })).toBe(true);
  });

  test("is checked also where the URL asks for less, or for nothing", async () => {
    const plain = url.replace("?sslmode=verify-full", "");
    for (const asked of [
      "",
      "?sslmode=require",
      "?sslmode=prefer",
      "?uselibpqcompat=true&sslmode=require",
    ]) {
      expect(await tlsOf({ url: plain + asked, ca: right.authority })).toBe(true);
      expect(await tlsOf({ url: plain + asked, ca: other.authority })).not.toBe(true);
    }
  });
});

describe("a server is not believed, and gets no password,", () => {
  test("whose authority is another", async () => {
    expect(await tlsOf({ url, ca: other.authority })).toMatch(/SELF_SIGNED|UNABLE_TO_/);
  });

  test("whose authority is not named at all", async () => {
    expect(await tlsOf({ url })).toMatch(/SELF_SIGNED|UNABLE_TO_/);
  });

  test("whose certificate is for another name", async () => {
    const byAddress = url.replace("localhost", "127.0.0.1");
    expect(await tlsOf({ url: byAddress, ca: right.authority })).toBe(
      "ERR_TLS_CERT_ALTNAME_INVALID",
    );
  });

  test("whose certificate has expired", async () => {
    const late = await makeCertificates(["localhost"], { lifetimeMs: -MINUTE_MS });
    const expired = await startPostgres(late);
    try {
      const at = expired.urlOf("postgres").replace("127.0.0.1", "localhost");
      expect(await tlsOf({ url: at, ca: late.authority })).toBe("CERT_HAS_EXPIRED");
    } finally {
      await expired.stop();
    }
  });

  test("though NODE_TLS_REJECT_UNAUTHORIZED is off in the process", async () => {
    const env = { DATABASE_URL: url, DATABASE_CA: "", NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    const { code, output } = await runScript("cli/trtc-ingest.ts", env, ["migrate"]);
    expect([code, output]).toEqual([1, expect.stringMatching(/certificate/)]);
  });
});

describe("DATABASE_CA that cannot be right is refused with a sentence", () => {
  const withUrl = (DATABASE_URL: string) => () =>
    read({ DATABASE_CA: right.authority, DATABASE_URL });

  test.each<[string, () => string, string]>([
    ["a word", () => "verify-full", "is not a certificate"],
    ["a path", () => "/etc/ssl/ca.pem?", "is neither PEM nor base64"],
    ["base64 of something else", () => randomBytes(400).toString("base64"), "is not a certificate"],
    [
      "a certificate that is cut off",
      () => right.authority.slice(0, 300),
      "is not a PEM certificate",
    ],
    [
      "the second of two cut off",
      () => right.authority + other.authority.slice(0, 300),
      "is not a PEM",
    ],
    ["a private key", () => right.key, "holds a private key"],
    ["a private key beside it", () => right.authority + right.key, "holds a private key"],
    ["far too much", () => "A".repeat(600 * 1024), "is longer than 512 kB"],
  ])("%s", (_, text, why) => {
    expect(() => read({ DATABASE_CA: text() })).toThrow(/^DATABASE_CA .* It takes the certificate/);
    expect(() => read({ DATABASE_CA: text() })).toThrow(why);
  });

  test.each(["sslmode=no-verify", "sslmode=disable", "ssl=0", "ssl=no-verify"])(
    "beside %s, which checks nothing",
    (weaker) => {
      expect(withUrl(`postgres://db/x?${weaker}`)).toThrow(`${weaker} in DATABASE_URL checks no`);
    },
  );

  test("beside another authority", () => {
    expect(withUrl("postgres://db/x?sslmode=verify-full&sslrootcert=/ca.pem")).toThrow(
      "so is sslrootcert",
    );
  });

  test("and so is a value of ssl that breaks the driver", () => {
    for (const ssl of ["false", "require", "verify-full"]) {
      expect(() => read({ DATABASE_URL: `postgres://db/x?ssl=${ssl}` })).toThrow(
        "set sslmode=verify-full instead",
      );
    }
  });
});

describe("every command that opens the database", () => {
  const folder = join(tmpdir(), `database-tls-${process.pid}.env`);
  afterAll(() => {
    rmSync(folder, { force: true });
  });

  test.each(["migrate", "report", "dead-letters"])(
    "%s checks the server by DATABASE_CA",
    async (command) => {
      const database = openPostgres({ url, ca: right.authority });
      await migrate(database);
      await database.close();
      const good = await runCli([command], { DATABASE_URL: url, DATABASE_CA: right.authority });
      expect(good).toMatchObject({ code: 0 });
      const bad = await runCli([command], { DATABASE_URL: url, DATABASE_CA: other.authority });
      expect(bad.code).toBe(1);
      const wrong = await runCli([command], { DATABASE_URL: url, DATABASE_CA: "a word" });
      expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining("DATABASE_CA") });
    },
  );

  test("reads it over several lines of an env file", async () => {
    writeFileSync(folder, `DATABASE_CA="${right.authority}"\n`);
    const env = { DATABASE_URL: url };
    const { code } = await runCli(["dead-letters", "--env-file", folder], env);
    expect(code).toBe(0);
  });
});

describe("the doctor", () => {
  let harness: DoctorHarness;
  beforeAll(async () => {
    harness = await openDoctorHarness();
  });
  afterAll(() => harness.close());

  test("passes a database that its own authority vouches for", async () => {
    const set = { DATABASE_URL: url, DATABASE_CA: right.authority };
    const { named } = await harness.examineHere(set);
    expect(named("DATABASE_CA")).toMatchObject([{ verdict: "pass" }]);
    expect(named("database: TLS")).toMatchObject([
      { verdict: "pass", found: "encrypted, and the server's certificate is checked" },
    ]);
  });

  test("says what to do about an authority that is not known", async () => {
    const set = { DATABASE_URL: url, DATABASE_CA: other.authority };
    const { named } = await harness.examineHere(set);
    expect(named("database")[0]).toMatchObject({
      verdict: "fail",
      todo: expect.stringContaining("DATABASE_CA"),
    });
  });

  test("does not connect with a DATABASE_CA that is wrong", async () => {
    const { ok, named } = await harness.examineHere({ DATABASE_URL: url, DATABASE_CA: "a word" });
    expect([ok, named("DATABASE_CA"), named("database")]).toMatchObject([
      false,
      [{ verdict: "fail" }],
      [{ verdict: "skip" }],
    ]);
  });

  test("fails on a database elsewhere without TLS, also while it does not answer", async () => {
    const set = { DATABASE_URL: "postgres://me:hidden-password@192.0.2.1:1/x?sslmode=no-verify" };
    const { ok, named } = await harness.examineHere(set);
    expect(ok).toBe(false);
    expect(named("database: TLS")).toMatchObject([{ verdict: "fail" }]);
  });

  test.each([
    ["postgres://db.example.com/x", "fail"],
    ["postgres://10.0.0.4/x", "fail"],
    ["postgres://10.0.0.4/x?sslmode=disable", "fail"],
    ["postgres://10.0.0.4/x?sslmode=no-verify", "fail"],
    ["postgres://10.0.0.4/x?ssl=no-verify", "fail"],
    ["postgres://10.0.0.4/x?uselibpqcompat=true&sslmode=prefer", "fail"],
    ["postgres://10.0.0.4/x?uselibpqcompat=true&sslmode=require", "fail"],
    ["postgres://localhost/x?host=10.0.0.4", "fail"],
    ["postgres://127.0.0.1.example.com/x", "fail"],
    ["postgres://[2001:db8::1]/x", "fail"],
    ["postgres://[::2]/x", "fail"],
    ["postgres://db.example.com/x?sslmode=verify-full", "pass"],
    ["postgres://db.example.com/x?sslmode=require", "pass"],
    ["postgres://localhost/x", "pass"],
    ["postgres://127.0.0.2/x?sslmode=no-verify", "pass"],
    ["postgres://[::1]:5432/x", "pass"],
    ["postgres://[::ffff:127.0.0.1]/x", "pass"],
    ["postgres:///x?host=/var/run/postgresql", "pass"],
    ["postgres://%2Fvar%2Frun%2Fpostgresql/x", "pass"],
  ])("%s: %s", (address, verdict) => {
    expect(checkTransport(connectionFacts(address)).verdict).toBe(verdict);
  });

  test("fails where any server of the same authority would be believed", () => {
    const file = join(tmpdir(), `database-tls-${process.pid}.pem`);
    writeFileSync(file, right.authority);
    try {
      for (const sslmode of ["verify-ca", "require"]) {
        const asked = `postgres://10.0.0.4/x?uselibpqcompat=true&sslmode=${sslmode}&sslrootcert=${file}`;
        expect(checkTransport(connectionFacts(asked)).verdict).toBe("fail");
      }
    } finally {
      rmSync(file);
    }
  });
});
