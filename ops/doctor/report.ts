/** The rows as a table for people, or as JSON. A last filter removes secrets from both. */
import type { Environment } from "../../shared/config/environment.js";
import { printable } from "../../local/terminal/terminal.js";
import { counted, type Row, type Verdict } from "../../shared/health/row.js";

export interface Summary extends Record<Verdict, number> {
  ok: boolean;
}

export function summaryOf(rows: readonly Row[], { strict }: { strict: boolean }): Summary {
  const count = (verdict: Verdict) => rows.filter((row) => row.verdict === verdict).length;
  const counts = {
    pass: count("pass"),
    warn: count("warn"),
    fail: count("fail"),
    skip: count("skip"),
  };
  return { ...counts, ok: counts.fail === 0 && !(strict && counts.warn > 0) };
}

const COLOURS: Readonly<Record<Verdict, number>> = { pass: 32, warn: 33, fail: 31, skip: 90 };

export function table(rows: readonly Row[], { colours }: { colours: boolean }): string {
  const width = Math.max(...rows.map(({ check }) => check.length));
  const indent = " ".repeat(width + 8);
  return rows
    .map(({ verdict, check, found: finding, todo }) => {
      const word = colours ? `\u001b[${COLOURS[verdict]}m${verdict}\u001b[0m` : verdict;
      const lines = [...finding.split("\n"), ...(todo === undefined ? [] : [`→ ${todo}`])].map(
        printable,
      );
      return `${word}  ${printable(check).padEnd(width)}  ${lines.join(`\n${indent}`)}\n`;
    })
    .join("");
}

export const summaryLine = ({ pass, warn, fail, skip }: Summary): string =>
  `${fail === 0 ? "nothing failed" : `${fail} failed`}: ${pass} passed, ${counted(warn, "warning")}, ${skip} skipped`;

/** Settings that are secret. */
const SECRETS =
  /(SecretKeys?|SecretId|CallbackKeys|NotifySecrets?|NotifyUrl|Token)"\s*:\s*(\[[^\]]*\]|"(?:[^"\\]|\\.)*")/g;
const ROLE = ["TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"];

/** Shorter secrets could be ordinary words of a report. */
const SECRET_LENGTH_MIN = 6;

/** A last protection: checks name places, not values. This filter covers cases that they miss. */
export function redactor(env: Environment): (text: string) => string {
  const lists = ["CALLERS", "TRTC_APPS", "TRTC_ACCOUNTS"].flatMap((name) =>
    [...(env[name] ?? "").matchAll(SECRETS)].flatMap((match) =>
      [...(match[2] ?? "").matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((text) => text[1]),
    ),
  );
  const urls = [env["DATABASE_URL"], ...urlsIn(env["DATABASE_URLS"])];
  const secrets = [...lists, ...ROLE.map((name) => env[name]), ...urls.flatMap(passwordsOf)]
    .filter((secret): secret is string => (secret?.length ?? 0) >= SECRET_LENGTH_MIN)
    .sort((one, other) => other.length - one.length);
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, "…"), text);
}

/** The variable may be no JSON. Its passwords are secret all the same. */
const urlsIn = (text = ""): string[] =>
  [...text.matchAll(/postgres(?:ql)?:\/\/[^"\s\\]+/g)].map(([url]) => url);

function passwordsOf(url = ""): string[] {
  if (!URL.canParse(url)) return [];
  const { password } = new URL(url);
  return [password, decodeURIComponent(password)];
}
