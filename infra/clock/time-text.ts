/** Wall-clock time as RFC 3339 text, without `Date`, whose other half is a clock of its own. */

const dayMs = 86_400_000;
/** Days from 0000-03-01, where the calendar's leap day ends a year, to the Unix epoch. */
const daysBeforeEpoch = 719_468;
const daysPerEra = 146_097;

/** `2026-11-26T02:26:33.123Z`, for Unix milliseconds from 0000-03-01 on. */
export function timeText(wallMs: number): string {
  const days = Math.floor(wallMs / dayMs);
  const ms = Math.floor(wallMs - days * dayMs);
  const time = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map((part) =>
    digits(part, 2),
  );
  return `${dateText(days)}T${time.join(":")}.${digits(ms % 1000, 3)}Z`;
}

/** Eras of 400 years, years that begin in March: months then have a fixed pattern of lengths. */
function dateText(daysSinceEpoch: number): string {
  const days = daysSinceEpoch + daysBeforeEpoch;
  const era = Math.floor(days / daysPerEra);
  const dayOfEra = days - era * daysPerEra;
  const leapless =
    dayOfEra -
    Math.floor(dayOfEra / 1460) +
    Math.floor(dayOfEra / 36_524) -
    Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor(leapless / 365);
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
}

function digits(value: number, width: number): string {
  return String(Math.floor(value)).padStart(width, "0");
}
