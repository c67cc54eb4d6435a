/** What a person types to find actors: words, all of which have to occur. */
import type { ActorModel } from "./actor.ts";

/** `n2 leading` finds the actors of n2 that lead. An empty filter finds all. */
export function matches(filter: string, actor: ActorModel): boolean {
  const text = `${actor.id} ${actor.state} ${actor.status}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
