/** Times as people read them beside a clock on the wall. */

const format = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** `03:14:07.123`, in the browser's time zone. */
export function clockText(unixMs: number): string {
  return format.format(unixMs);
}
