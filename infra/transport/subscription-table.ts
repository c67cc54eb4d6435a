/** Who listens to what: finds the subscriptions that a subject reaches, in a fixed order. */
import { hasWildcard, subjectMatches } from "./subject.ts";

/** Reply subjects are used once each: the remembered routes are forgotten before they pile up. */
const routesRememberedMax = 4_096;

export class SubscriptionTable<Entry extends { readonly subject: string }> {
  /** Subscriptions without wildcard by subject, each list in the order of subscribing. */
  readonly #exact = new Map<string, Entry[]>();
  readonly #wildcards: Entry[] = [];
  /** Answers of `matching` since the last change. A remembered list is never changed. */
  readonly #routes = new Map<string, readonly Entry[]>();

  add(entry: Entry): void {
    this.#routes.clear();
    if (hasWildcard(entry.subject)) {
      this.#wildcards.push(entry);
      return;
    }
    const entries = this.#exact.get(entry.subject);
    if (entries === undefined) this.#exact.set(entry.subject, [entry]);
    else entries.push(entry);
  }

  /** Removing what is not there is harmless. */
  remove(entry: Entry): void {
    this.#routes.clear();
    if (hasWildcard(entry.subject)) {
      removeFrom(this.#wildcards, entry);
      return;
    }
    const entries = this.#exact.get(entry.subject);
    if (entries === undefined) return;
    removeFrom(entries, entry);
    if (entries.length === 0) this.#exact.delete(entry.subject);
  }

  matching(subject: string): readonly Entry[] {
    let route = this.#routes.get(subject);
    if (route === undefined) {
      const matching = this.#wildcards.filter((entry) => subjectMatches(entry.subject, subject));
      route = [...(this.#exact.get(subject) ?? []), ...matching];
      if (this.#routes.size >= routesRememberedMax) this.#routes.clear();
      this.#routes.set(subject, route);
    }
    return route;
  }
}

function removeFrom<Entry>(entries: Entry[], entry: Entry): void {
  const index = entries.indexOf(entry);
  if (index >= 0) entries.splice(index, 1);
}
