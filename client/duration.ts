/** Spans of time as text, the way NATS writes them: `10s`, `1m30s`, `250ms`; a bare number is seconds. */
import { badRequest } from "./options.ts";

const form = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;

const msOf: { readonly [unit: string]: number } = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Whole milliseconds, rounded up. `name` is what the message calls it. */
export function durationMs(name: string, text: string): number {
  if (typeof text !== "string") throw badRequest(`${name} is no text such as 10s, 5m or 1h`);
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  if (!form.test(text)) throw badRequest(`${name} ${text} is no duration such as 10s, 5m or 1h`);
  let sumMs = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(part)) {
    sumMs += Number(amount) * (msOf[unit] ?? 0);
  }
  return Math.ceil(sumMs);
}
