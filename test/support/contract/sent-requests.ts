/**
 * Small readers of the formats in requests/: each takes the variables that a person would set, and
 * sends the requests in their order, as its tool does.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";

export const REQUESTS = fileURLToPath(new URL("../../../requests/", import.meta.url));

export type Variables = Record<string, string>;

export interface Sent {
  name: string;
  status: number;
  body: string;
}

interface Ready {
  name: string;
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string | undefined;
}

const filled = (text: string, variables: Variables): string =>
  text.replace(/\{\{([^}]+)\}\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`{{${name}}} has no value`);
    return value;
  });

async function send({ name, method, url, headers, body }: Ready, variables: Variables) {
  const sent = Object.entries(headers).map(([field, value]) => [field, filled(value, variables)]);
  const answer = await fetch(filled(url, variables), {
    method,
    headers: Object.fromEntries(sent) as Record<string, string>,
    body: body === undefined ? null : filled(body, variables),
  });
  return { name, status: answer.status, body: await answer.text() };
}

const read = (path: string): string => readFileSync(join(REQUESTS, path), "utf8");

/** The variables of the file's head are in `set`, or have a value there. */
export async function sendHttpFile(set: Variables): Promise<Sent[]> {
  const variables = { ...set };
  const answers: Sent[] = [];
  const [head = "", ...blocks] = read("requests.http").split(/^###/m);
  const define = (text: string): void => {
    for (const [, name = "", value = ""] of text.matchAll(/^@(\w+) = (.*)$/gm)) {
      variables[name] ??= valueOf(value, answers);
    }
  };
  define(head);
  for (const block of blocks) {
    define(block);
    const [top = "", ...body] = block.split("\n\n");
    const [line = "", ...fields] = top
      .split("\n")
      .slice(1)
      .filter((text) => !/^(?:[#@]|$)/.test(text));
    const [method = "", url = ""] = line.split(" ");
    const headers = Object.fromEntries(
      fields.map((field) => field.split(": ")) as [string, string][],
    );
    const name = /^# @name (\w+)$/m.exec(block)?.[1] ?? "";
    const text = body.join("\n\n").trim();
    const ready = { name, method, url, headers, body: text === "" ? undefined : text };
    answers.push(await send(ready, variables));
  }
  return answers;
}

/** A value may be in an earlier answer: `{{name.response.body.$.way.to.it}}`. */
function valueOf(value: string, answers: readonly Sent[]): string {
  const reference = /^\{\{(\w+)\.response\.body\.\$(\.[^}]+)\}\}$/.exec(value);
  if (reference === null) return value;
  const [, name, way = ""] = reference;
  const answer = answers.find((sent) => sent.name === name);
  return String(runInNewContext(`body${way}`, { body: JSON.parse(answer?.body ?? "") as unknown }));
}

/** Blocks of a .bru file by their name. The text of a block is indented by two spaces. */
export const blocksOf = (text: string): Map<string, string> =>
  new Map(
    [...text.matchAll(/^([\w:-]+) \{\n([^]*?)^\}$/gm)].map(([, name = "", block = ""]) => [
      name,
      block.replace(/^ {2}/gm, ""),
    ]),
  );

const pairs = (block = ""): Variables =>
  Object.fromEntries(
    [...block.matchAll(/^([^:]+): (.*)$/gm)].map(([, key = "", value = ""]) => [key, value]),
  );

const METHODS = ["get", "post"];

export async function sendBruno(set: Variables): Promise<Sent[]> {
  const local = pairs(blocksOf(read("bruno/environments/local.bru")).get("vars"));
  const variables = { ...local, ...set };
  const folders = readdirSync(join(REQUESTS, "bruno"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "environments")
    .map(({ name }) => inFolder(name));
  folders.sort((one, other) => one.seq - other.seq);
  const answers: Sent[] = [];
  for (const blocks of folders.flatMap(({ files }) => files)) {
    const method = METHODS.find((name) => blocks.has(name)) ?? "";
    const { url = "", auth } = pairs(blocks.get(method));
    const { token } = pairs(blocks.get("auth:bearer"));
    const answer = await send(
      {
        name: pairs(blocks.get("meta"))["name"] ?? "",
        method: method.toUpperCase(),
        url,
        headers: {
          ...pairs(blocks.get("headers")),
          ...(auth === "bearer" ? { Authorization: `Bearer ${token}` } : {}),
        },
        body: blocks.get("body:json"),
      },
      variables,
    );
    for (const [name, expression] of Object.entries(pairs(blocks.get("vars:post-response")))) {
      const res = { body: JSON.parse(answer.body) as unknown };
      variables[name] = String(runInNewContext(expression, { res }));
    }
    answers.push(answer);
  }
  return answers;
}

function inFolder(folder: string) {
  const names = readdirSync(join(REQUESTS, "bruno", folder));
  const blocks = names.map((name) => blocksOf(read(`bruno/${folder}/${name}`)));
  const seqOf = (file: Map<string, string>): number => Number(pairs(file.get("meta"))["seq"]);
  const own = blocksOf(read(`bruno/${folder}/folder.bru`));
  const files = blocks.filter((file) => METHODS.some((method) => file.has(method)));
  return { seq: seqOf(own), files: files.sort((one, other) => seqOf(one) - seqOf(other)) };
}

interface PostmanItem {
  name: string;
  event?: { script: { exec: string[] } }[];
  request: {
    method: string;
    auth: { type: string; bearer?: { key: string; value: string }[] };
    header: { key: string; value: string }[];
    body?: { raw: string };
    url: { raw: string; host: string[]; path: string[] };
  };
}

interface PostmanCollection {
  variable: { key: string; value: string }[];
  item: { item: PostmanItem[] }[];
}

export async function sendPostman(set: Variables): Promise<Sent[]> {
  const text = read("trtc-stream-ingest.postman_collection.json");
  const { item: folders, variable } = JSON.parse(text) as PostmanCollection;
  const own = Object.fromEntries(variable.map(({ key, value }) => [key, value]));
  const variables: Variables = { ...own, ...set };
  const answers: Sent[] = [];
  for (const { name, event = [], request } of folders.flatMap(({ item }) => item)) {
    const { method, auth, header, body, url } = request;
    const token = auth.bearer?.find(({ key }) => key === "token")?.value;
    const headers = Object.fromEntries(header.map(({ key, value }) => [key, value]));
    const answer = await send(
      {
        ...{ name, method, body: body?.raw },
        url: [...url.host, ...url.path].join("/"),
        headers: token === undefined ? headers : { ...headers, Authorization: `Bearer ${token}` },
      },
      variables,
    );
    const collectionVariables = {
      set: (key: string, value: string): void => void (variables[key] = value),
    };
    const pm = {
      response: { json: () => JSON.parse(answer.body) as unknown },
      collectionVariables,
    };
    for (const { script } of event) runInNewContext(script.exec.join("\n"), { pm });
    answers.push(answer);
  }
  return answers;
}
