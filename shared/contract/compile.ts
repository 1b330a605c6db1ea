/**
 * Turns a schema into a function that checks values. Compiling takes 60 to 70 ms of a cold start.
 * The build therefore replaces this file with code that ajv generates ahead of time: see
 * deploy/build.
 */
import type { TObject } from "@sinclair/typebox";
import { Ajv, type ValidateFunction } from "ajv";
import { AJV_OPTIONS } from "./ajv-options.js";

const ajv = new Ajv(AJV_OPTIONS);

/** The generated code is found by this name, so callers pass it beside the schema. */
export const compile: <T>(schema: TObject, name: string) => ValidateFunction<T> = (schema) =>
  ajv.compile(schema);
