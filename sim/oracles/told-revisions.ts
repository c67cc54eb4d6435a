/**
 * Answers name revisions, those on raw subjects nothing else: each is one of the log, where the key got just that text.
 * And where revisions say between which slots an answer lies, real time has its say about that, too.
 */
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import { factsOf, type Fact } from "./facts.ts";
import { textOfChange, type LogChange, type LogVersions } from "./log-versions.ts";
import { isRead, orderAt, placeOf, type Placed } from "./real-time.ts";

/** Where in the log an answer can lie. */
interface Span {
  readonly recorded: Recorded;
  readonly invokedMs: number;
  readonly toldMs: number;
  readonly low: number;
  readonly high: number;
}

/**
 * `placed`: of this group; what they say of revisions was compared when the log was replayed. Returns how many answers
 * without a place were found by their revisions.
 */
export function checkToldRevisions(
  operations: readonly Recorded[],
  placed: readonly Placed[],
  versions: LogVersions,
  owns: (key: string) => boolean,
): number {
  const spans = placed
    .filter(({ recorded }) => !recorded.stale)
    .map(({ recorded, order, invokedMs, toldMs }): Span => {
      return { recorded, invokedMs, toldMs, low: order, high: order };
    });
  let found = 0;
  for (const recorded of operations) {
    if (recorded.told === undefined || placeOf(recorded) !== undefined) continue;
    const own = checkFacts(recorded, versions, owns);
    const span = spanOf(recorded, recorded.told.atMs, own);
    if (span === undefined) continue;
    found += 1;
    // It may see what was.
    if (!recorded.stale) spans.push(span);
  }
  if (found > 0) checkSpans(spans);
  return found;
}

interface Found {
  readonly fact: Fact;
  readonly found: LogChange;
  readonly next: LogChange | undefined;
}

function checkFacts(
  recorded: Recorded,
  versions: LogVersions,
  owns: (key: string) => boolean,
): readonly Found[] {
  const all: Found[] = [];
  for (const fact of factsOf(recorded)) {
    const { key, revision, text } = fact;
    if (revision === undefined || !owns(key)) continue;
    const at = versions.at(key, revision);
    const says = at === undefined ? "nothing of it" : textOfChange(at.found.change);
    if (at === undefined || says !== text) {
      const claim = `${recorded.client} was told ${text ?? "a removal"} of ${JSON.stringify(key)} at revision ${revision}, the log says ${says ?? "a removal"}`;
      throw new Violation("revisions are those of the log", claim);
    }
    all.push({ fact, ...at });
  }
  return all;
}

/** Of an answer without a place; undefined when its revisions do not say where it lies. */
function spanOf(recorded: Recorded, toldMs: number, found: readonly Found[]): Span | undefined {
  if (found.length === 0) return undefined;
  const { invokedMs } = recorded;
  let low = 0;
  let high = Infinity;
  for (const { found: at, next } of found) {
    if (isRead(recorded)) {
      low = Math.max(low, orderAt(at.slot, undefined));
      if (next !== undefined) high = Math.min(high, orderAt(next.slot - 1, undefined));
    } else {
      low = Math.max(low, orderAt(at.slot, 0));
      high = Math.min(high, orderAt(at.slot, undefined));
    }
  }
  // One entry may change a key several times; what lay in between nobody could read.
  if (low <= high) return { recorded, invokedMs, toldMs, low, high };
  const text = `${recorded.client} was told at ${toldMs} ms what no state held together`;
  throw new Violation("revisions are those of the log", text);
}

function checkSpans(spans: readonly Span[]): void {
  const ended = spans.toSorted((left, right) => left.toldMs - right.toldMs);
  const begun = spans.toSorted((left, right) => left.invokedMs - right.invokedMs);
  let latest = -1;
  let next = 0;
  for (const { recorded, invokedMs, high } of begun) {
    for (let before = ended[next]; before !== undefined; before = ended[next]) {
      if (before.toldMs >= invokedMs) break;
      latest = Math.max(latest, before.low);
      next += 1;
    }
    if (high >= latest) continue;
    const text = `${recorded.client} at ${invokedMs} ms lies at ${high} at the latest, behind ${latest} that had ended before`;
    throw new Violation("the log's order is that of real time", text);
  }
}
