/**
 * Reads that may see an old state say how old it is, and the state is not older than that, nor than was asked for: it
 * holds the revision asked for, and all that was acknowledged before the moment as of which it is said to be complete.
 */
import type { Freshness } from "../../client/core/freshness.ts";
import { wallMsOf } from "../../kv/revision.ts";
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import { isRead, placedByGroup, placeOf, type Placed } from "./real-time.ts";

const check = "stale reads are as new as they say";

/** How wrong clocks were, at most, in the whole run; wall clocks say `startWallMs` at time 0. */
export interface ClockErrors {
  readonly startWallMs: number;
  /** How far all but one clock were ahead at most: one alone moves no leader's time. */
  readonly aheadMs: number;
  readonly behindMs: number;
}

/** Clocks age by rates that differ a little from one answer to the next. */
const slackMs = 100;

/** Returns how many reads said as of when they are. */
export function checkFreshness(
  operations: readonly Recorded[],
  freshness: ReadonlyMap<Recorded, Freshness>,
  clocks: ClockErrors,
): number {
  for (const [recorded, asked] of freshness) checkAsked(recorded, asked, clocks);
  let dated = 0;
  for (const own of placedByGroup(operations).values()) dated += checkDates(own, clocks);
  return dated;
}

function checkAsked(recorded: Recorded, asked: Freshness, clocks: ClockErrors): void {
  const place = placeOf(recorded);
  if (place === undefined || recorded.told === undefined) return;
  const { minRevision, maxAgeMs } = asked;
  if (place.lastRevision < minRevision) {
    const text = `${recorded.client} asked for revision ${minRevision} and got a state of ${place.lastRevision}`;
    throw new Violation(check, text);
  }
  if (maxAgeMs === 0) return;
  // The replica looked at its own clock some time after it was asked.
  const ageMs = clocks.startWallMs + recorded.invokedMs - wallMsOf(place.asOf);
  if (place.asOf > 0 && ageMs <= maxAgeMs + clocks.behindMs + slackMs) return;
  const text = `${recorded.client} asked for a state not older than ${maxAgeMs} ms at ${recorded.invokedMs} ms and got one of ${ageMs} ms`;
  throw new Violation(check, text);
}

/** Of one group. */
function checkDates(operations: readonly Placed[], clocks: ClockErrors): number {
  const ended = operations
    .filter(({ recorded }) => !isRead(recorded))
    .toSorted((left, right) => left.toldMs - right.toldMs);
  const latest: number[] = [];
  for (const { order } of ended) latest.push(Math.max(latest.at(-1) ?? 0, order));
  let dated = 0;
  for (const { recorded, place, order } of operations) {
    if (!isRead(recorded) || place.asOf === 0) continue;
    dated += 1;
    const asOfMs = wallMsOf(place.asOf) - clocks.startWallMs - clocks.aheadMs - slackMs;
    const before = latest[countBefore(ended, asOfMs) - 1] ?? 0;
    if (before <= order) continue;
    const text = `${recorded.client} read at ${order} what is said to be complete as of ${asOfMs} ms, when ${before} had been acknowledged`;
    throw new Violation(check, text);
  }
  return dated;
}

/** How many of them had ended. */
function countBefore(ended: readonly Placed[], timeMs: number): number {
  let low = 0;
  let high = ended.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ended[middle]?.toldMs ?? Infinity) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
