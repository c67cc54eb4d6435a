/** Times as people read them beside a clock on the wall. */
import { make } from "../dom.ts";

const format = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** `03:14:07.123`, in the browser's time zone; a program finds the day in it, too. */
export function timeElement(unixMs: number): HTMLTimeElement {
  return make("time", { datetime: new Date(unixMs).toISOString() }, format.format(unixMs));
}
