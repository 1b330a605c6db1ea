/** A Bruno collection: one file for each request, in Bruno's own language. */
import { COLLECTION, type ReadyRequest, VARIABLES, wayText } from "./ready-request.js";

type Files = [path: string, text: string][];

export function brunoFiles(requests: readonly ReadyRequest[]): Files {
  const groups = [...new Set(requests.map(({ group }) => group))];
  return [
    [
      "bruno.json",
      `${JSON.stringify({ version: "1", name: COLLECTION, type: "collection" }, null, 2)}\n`,
    ],
    ["environments/local.bru", block("vars", VARIABLES.map(variableLine))],
    ...groups.map((name, index): [string, string] => [
      `${name}/folder.bru`,
      block("meta", [`name: ${name}`, `seq: ${index + 1}`]),
    ]),
    ...requests.map((request): [string, string] => [
      `${request.group}/${request.name}.bru`,
      fileOf(request, numberIn(requests, request)),
    ]),
  ];
}

const variableLine = ({ name, value, environment }: (typeof VARIABLES)[number]): string =>
  `${name}: ${value ?? `{{process.env.${environment}}}`}`;

/** Its place in its folder, from 1. */
const numberIn = (requests: readonly ReadyRequest[], request: ReadyRequest): number =>
  requests.filter(({ group }) => group === request.group).indexOf(request) + 1;

function fileOf(request: ReadyRequest, number: number): string {
  const { name, method, path, headers, keyVariable, body, captures, summary, description } =
    request;
  const blocks = [
    block("meta", [`name: ${name}`, "type: http", `seq: ${number}`]),
    block(method.toLowerCase(), [
      `url: {{url}}${path}`,
      `body: ${body === undefined ? "none" : "json"}`,
      `auth: ${keyVariable === undefined ? "none" : "bearer"}`,
    ]),
    listed("headers", Object.entries(headers)),
    listed("auth:bearer", keyVariable === undefined ? [] : [["token", `{{${keyVariable}}}`]]),
    body === undefined ? "" : block("body:json", body.split("\n")),
    listed(
      "vars:post-response",
      Object.entries(captures).map(([variable, way]) => [
        variable,
        `res.body.Response${wayText(way)}`,
      ]),
    ),
    block("docs", [`${summary}.`, "", ...description.split("\n")]),
  ];
  return blocks.filter((text) => text !== "").join("\n");
}

const listed = (name: string, pairs: readonly (readonly [string, string])[]): string =>
  pairs.length === 0
    ? ""
    : block(
        name,
        pairs.map(([key, value]) => `${key}: ${value}`),
      );

/** Text is indented, so no line of it can end its block. */
const block = (name: string, lines: readonly string[]): string =>
  `${name} {\n${lines.map((line) => (line === "" ? "" : `  ${line}`)).join("\n")}\n}\n`;
