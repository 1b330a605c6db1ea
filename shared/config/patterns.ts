/**
 * Regular expressions that an operator sets and that outside text is held against. They run on
 * RE2's engine, whose time grows with the text's length alone: Node's own takes 13 s for
 * `([a-z0-9]+-?)+` and 29 characters, and nobody else is answered meanwhile.
 */
import { loadEngine } from "./pattern-engine.js";

export interface Pattern {
  /** Whether the whole text fits. */
  test: (text: string) => boolean;
}

/** What is wrong with a pattern, in words that follow its name. */
export function patternFault(pattern: string): string | undefined {
  if (!isRegExp(pattern)) return "is no regular expression";
  // Outside of what is caught: a missing engine is no fault of the pattern.
  loadEngine();
  try {
    compile(pattern);
    return undefined;
  } catch {
    return "has a part that the linear-time engine does not take: write it without lookahead, lookbehind, backreference, \\u escape, and repetition over 1000";
  }
}

/** Throws unless `patternFault` finds nothing. */
export function readPattern(pattern: string): Pattern {
  const compiled = compile(pattern);
  return { test: (text) => compiled.matches(text) };
}

const compile = (pattern: string) => loadEngine().RE2JS.compile(pattern);

/** RE2 takes other notations as well: what is none in JavaScript is refused as before. */
function isRegExp(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}
