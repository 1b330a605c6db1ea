/** The ready requests of requests/: up to date with openapi.json, in their formats, without a key. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "@jest/globals";
import { LOCAL_CALLER } from "../../local/environment/local-environment.js";
import { requestFiles } from "../../shared/contract/requests/request-files.js";
import type { OpenApiDocument } from "../../shared/contract/requests/read-document.js";
import { blocksOf, REQUESTS } from "../support/contract/sent-requests.js";
import { openApiFile } from "../support/contract/openapi-document.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MADE = requestFiles(JSON.parse(readFileSync(openApiFile, "utf8")) as OpenApiDocument);

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length));

describe("requests/", () => {
  test.each([...MADE])("%s is up to date (if not, run `npm run requests`)", (path, text) => {
    expect(readFileSync(join(REQUESTS, path), "utf8")).toBe(text);
  });

  test("has a request of no other action", () => {
    const groups = filesIn(REQUESTS).filter((path) => /^bruno\/(?!environments)/.test(path));

    expect(groups.filter((path) => !MADE.has(path))).toEqual([]);
  });

  test("has no key: each comes from a variable", () => {
    for (const [path, text] of MADE) {
      const keys = [...text.matchAll(/Bearer +(\S+)/g)].map(([, key]) => key);
      const literal = keys.filter((key) => !/^\{\{(?:key|operatorKey)\}\}$/.test(key ?? ""));
      expect([path, literal]).toEqual([path, []]);
      expect([path, text.includes(LOCAL_CALLER.SecretKey)]).toEqual([path, false]);
    }
  });

  test("no request repeats the ClientToken or the address of an example", () => {
    for (const text of MADE.values()) expect(text).not.toMatch(/"ClientToken|example\.com/);
  });
});

describe("formats", () => {
  test("each .bru file is blocks, and nothing else", () => {
    for (const [path, text] of [...MADE].filter(([name]) => name.endsWith(".bru"))) {
      const rest = text.replace(/^[\w:-]+ \{\n[^]*?^\}$/gm, "").trim();
      expect([path, rest, blocksOf(text).size > 0]).toEqual([path, "", true]);
    }
  });

  test("the Postman collection has what its schema requires", () => {
    const text = MADE.get("trtc-stream-ingest.postman_collection.json") ?? "";
    const { info, item, variable } = JSON.parse(text) as Record<string, unknown>;

    expect(info).toEqual({
      name: "trtc-stream-ingest",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    });
    expect(variable).toContainEqual(expect.objectContaining({ key: "key", value: "" }));
    for (const folder of item as { name: string; item: object[] }[]) {
      for (const own of folder.item) {
        expect(own).toMatchObject({
          name: expect.stringMatching(/^\w+$/),
          request: {
            method: expect.stringMatching(/^(?:GET|POST)$/),
            url: { raw: expect.stringMatching(/^\{\{url\}\}\//) },
            auth: { type: expect.stringMatching(/^(?:bearer|noauth)$/) },
          },
        });
      }
    }
  });
});

describe("npm run requests", () => {
  const folder = mkdtempSync(join(tmpdir(), "requests-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const script = join(ROOT, "shared/contract/requests/write-requests.ts");
  const run = (...args: string[]): { status: number; text: string } => {
    try {
      const command = ["--import", "tsx", script, ...args];
      const options = { cwd: ROOT, encoding: "utf8", stdio: "pipe" } as const;
      return { status: 0, text: execFileSync(process.execPath, command, options) };
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return { status, text: stderr };
    }
  };

  test("writes the files, removes those of earlier actions, and --check names what is stale", () => {
    const old = join(folder, "bruno/Ingests/Gone.bru");
    mkdirSync(join(folder, "bruno/Ingests"), { recursive: true });
    writeFileSync(old, "meta {\n}\n");
    const kept = ["README.md", "http-client.private.env.json", "bruno/environments/own.bru"];
    mkdirSync(join(folder, "bruno/environments"));
    for (const path of kept) writeFileSync(join(folder, path), "kept");
    expect(run("--check", folder)).toEqual({
      status: 1,
      text: expect.stringContaining(`${old} is stale: run \`npm run requests\`.\n`),
    });
    expect(run(folder)).toEqual({ status: 0, text: "" });
    expect(filesIn(`${folder}/`).sort()).toEqual([...MADE.keys(), ...kept].sort());
    expect(run("--check", folder)).toEqual({ status: 0, text: "" });
    writeFileSync(join(folder, "requests.http"), "GET /");
    expect(run("--check", folder)).toEqual({
      status: 1,
      text: `${join(folder, "requests.http")} is stale: run \`npm run requests\`.\n`,
    });
  });

  test("says how it is used, when asked and when misused", () => {
    expect(run("--help")).toEqual({ status: 0, text: expect.stringMatching(/^Usage: npm run/) });
    expect(run("--chekc")).toEqual({ status: 2, text: expect.stringMatching(/^Usage: npm run/) });
    expect(run("a", "b").status).toBe(2);
  });
});
