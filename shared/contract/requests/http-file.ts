/**
 * A file of requests for editors: the REST Client of Visual Studio Code, JetBrains' HTTP Client, and
 * what reads their syntax.
 */
import { type ReadyRequest, type Variable, VARIABLES, wayText } from "./ready-request.js";

const HEAD = `# Made of openapi.json by \`npm run requests\`. README.md says how to send them.`;

export function httpFile(requests: readonly ReadyRequest[]): string {
  const variables = VARIABLES.map(
    (variable) => `# ${variable.hint}\n@${variable.name} = ${valueOf(variable)}`,
  );
  const blocks = requests.map((request, index) => {
    const before = requests[index - 1];
    return blockOf(request, before === undefined ? [] : captured(before));
  });
  return `${[HEAD, ...variables, ...blocks].join("\n\n")}\n`;
}

const valueOf = ({ value, environment }: Variable): string =>
  value ?? `{{$processEnv ${environment}}}`;

/** `captures`: what the request before it has answered. */
function blockOf(request: ReadyRequest, captures: readonly string[]): string {
  const { name, summary, method, path, headers, keyVariable, body } = request;
  const authorization =
    keyVariable === undefined ? {} : { Authorization: `Bearer {{${keyVariable}}}` };
  return [
    `### ${name}: ${summary}`,
    ...captures,
    `# @name ${name}`,
    `${method} {{url}}${path}`,
    ...Object.entries({ ...authorization, ...headers }).map(
      ([field, value]) => `${field}: ${value}`,
    ),
    ...(body === undefined ? [] : ["", body]),
  ].join("\n");
}

const captured = ({ name, captures }: ReadyRequest): string[] =>
  Object.entries(captures).map(
    ([variable, way]) => `@${variable} = {{${name}.response.body.$.Response${wayText(way)}}}`,
  );
