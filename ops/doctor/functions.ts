/** The deployed functions: reachable, safe, and of this project. */
import { networkWords } from "./network-errors.js";
import { duration, fail, pass, type Row, warn } from "../../shared/health/row.js";
import { isLoopback } from "../../emulator/api/loopback.js";
import { PATIENCE_MS, type Subject } from "./subject.js";

export const checkFunctions = (subject: Subject): Promise<Row[]> =>
  Promise.all([
    ...subject.urls.map((url) => apiFunction(url, subject)),
    ...(subject.callbackUrl === undefined ? [] : [callbackFunction(subject.callbackUrl, subject)]),
  ]);

interface Answered {
  status: number;
  text: string;
  ms: number;
}

/** Without a signature: our function refuses the request before it does any work. */
async function knock(url: string, { clock }: Subject): Promise<Answered> {
  const startedMs = clock.elapsedMs();
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await answer.text();
  return { status: answer.status, text, ms: clock.elapsedMs() - startedMs };
}

async function apiFunction(url: string, subject: Subject): Promise<Row> {
  const check = `url ${shown(url)}`;
  if (isPlain(url)) return plainHttp(check);
  try {
    const { status, text, ms } = await knock(url, subject);
    const code = codeIn(text);
    if (code === undefined) {
      const finding = `HTTP ${status}, and not in the form of our answers`;
      return fail(check, finding, "check that this is the api function's URL, and its log");
    }
    if (code.startsWith("AuthFailure") && status === 401) {
      return pass(check, `refuses an unsigned request, as it should, in ${duration(ms)}`);
    }
    const finding = `HTTP ${status}, ${code}, instead of refusing an unsigned request`;
    return fail(check, finding, "look into the function's log: its configuration is likely wrong");
  } catch (error) {
    const { finding, todo } = networkWords(error);
    return fail(check, finding, todo);
  }
}

/** TRTC only needs it to take callbacks. Its answer to other requests does not matter. */
async function callbackFunction(url: string, subject: Subject): Promise<Row> {
  const check = `callback ${shown(url)}`;
  if (isPlain(url)) {
    return warn(check, "plain HTTP: TRTC's callbacks can be read on their way", "use https");
  }
  try {
    const { status, ms } = await knock(url, subject);
    if (status < 500) return pass(check, `answers HTTP ${status} in ${duration(ms)}`);
    return fail(check, `HTTP ${status}`, "look into the function's log");
  } catch (error) {
    const { finding, todo } = networkWords(error);
    return fail(check, finding, todo);
  }
}

const isPlain = (url: string): boolean => {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !isLoopback(hostname);
};

const plainHttp = (check: string): Row =>
  fail(check, "plain HTTP: Bearer keys can be read on their way", "use https");

/** Leaves out the parts of a URL that may be secret. */
const shown = (url: string): string => {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
};

/** The code in Tencent's envelope, if the text is one. */
function codeIn(text: string): string | undefined {
  try {
    const { Response } = JSON.parse(text) as {
      Response?: { Error?: { Code?: unknown; Message?: unknown }; RequestId?: unknown };
    };
    const { Code, Message } = Response?.Error ?? {};
    const isOurs = typeof Message === "string" && typeof Response?.RequestId === "string";
    return isOurs && typeof Code === "string" && /^[\w.]{1,64}$/.test(Code) ? Code : undefined;
  } catch {
    return undefined;
  }
}
