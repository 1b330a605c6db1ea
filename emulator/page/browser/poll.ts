/**
 * Polls the emulator. Polling needs no lasting connection, so a restart of the emulator needs no
 * special handling.
 */
import { elapsedMs, sleep } from "./clock.js";

const EVERY_MS = 400;
const TIME_LIMIT_MS = 3000;

export interface Answer<View> {
  view: View;
  /** When the emulator looked, on this page's clock: the middle between request and answer. */
  atMs: number;
}

/** Never ends. `onAnswer` gets undefined when no answer came. */
export async function poll<View>(
  url: string,
  onAnswer: (answer: Answer<View> | undefined) => void,
): Promise<never> {
  for (;;) {
    onAnswer(await ask<View>(url));
    await sleep(EVERY_MS);
  }
}

async function ask<View>(url: string): Promise<Answer<View> | undefined> {
  const askedMs = elapsedMs();
  try {
    const signal = AbortSignal.timeout(TIME_LIMIT_MS);
    const response = await fetch(url, { cache: "no-store", signal });
    if (!response.ok) return undefined;
    const view = (await response.json()) as View;
    return { view, atMs: (askedMs + elapsedMs()) / 2 };
  } catch {
    return undefined;
  }
}
