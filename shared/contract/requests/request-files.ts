/** All files of requests/ that a command makes, by their path in that folder. */
import { brunoFiles } from "./bruno.js";
import { httpFile } from "./http-file.js";
import { postmanCollection } from "./postman.js";
import { type OpenApiDocument, readyRequests } from "./read-document.js";
import { COLLECTION } from "./ready-request.js";

export function requestFiles(document: OpenApiDocument): Map<string, string> {
  const requests = readyRequests(document);
  return new Map([
    ["requests.http", httpFile(requests)],
    [`${COLLECTION}.postman_collection.json`, postmanCollection(requests)],
    ...brunoFiles(requests).map(([path, text]): [string, string] => [`bruno/${path}`, text]),
  ]);
}
