/** Numbers the way people read them. */

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `1.5 MiB`; undefined, which an older or barred node has to say, is `-`. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return "-";
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < byteUnits.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const isWhole = unit === 0 || amount >= 100;
  return `${isWhole ? Math.round(amount) : amount.toFixed(1)} ${byteUnits[unit]}`;
}

const durations = [
  ["d", 24 * 60 * 60 * 1000],
  ["h", 60 * 60 * 1000],
  ["m", 60 * 1000],
  ["s", 1000],
] as const;

/** Its two largest units, as in `2h 5m`; below a second in milliseconds. */
export function durationText(durationMs: number | undefined): string {
  if (durationMs === undefined) return "-";
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`;
  const parts: string[] = [];
  let rest = durationMs;
  for (const [unit, unitMs] of durations) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0 || parts.length > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

export function millisecondsText(ms: number | undefined): string {
  return ms === undefined ? "-" : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

export function countText(count: number | undefined): string {
  return count === undefined ? "-" : count.toLocaleString("en");
}
