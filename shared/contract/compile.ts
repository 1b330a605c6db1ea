/**
 * From a schema to a function that checks it. Compiling costs 60 to 70 ms of a cold start, so the
 * build puts code that ajv has written ahead in the place of this file: see deploy/build.
 */
import type { TObject } from "@sinclair/typebox";
import { Ajv, type ValidateFunction } from "ajv";
import { AJV_OPTIONS } from "./ajv-options.js";

const ajv = new Ajv(AJV_OPTIONS);

/** The code that was written ahead is found by a name, which is handed in beside the schema. */
export const compile: <T>(schema: TObject, name: string) => ValidateFunction<T> = (schema) =>
  ajv.compile(schema);
