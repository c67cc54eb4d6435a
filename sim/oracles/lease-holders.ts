/** In true time, which no node has: of a group's replicas one at most holds a lease at any moment. */
import { Violation } from "../violation.ts";

/** A replica, as it sees itself at this moment. */
export interface LeaseHolder {
  readonly leadsWithLease: boolean;
}

export class LeaseHolders {
  readonly #replicasOf: (group: string) => Iterable<readonly [node: string, LeaseHolder]>;
  /** Looks at a replica that held a lease. */
  looked = 0;

  constructor(replicasOf: (group: string) => Iterable<readonly [node: string, LeaseHolder]>) {
    this.#replicasOf = replicasOf;
  }

  /** Called when the group's replica there has something to say that rests on leading. */
  look(node: string, group: string, replica: LeaseHolder | undefined): void {
    if (replica?.leadsWithLease !== true) return;
    this.looked += 1;
    for (const [other, own] of this.#replicasOf(group)) {
      if (other === node || !own.leadsWithLease) continue;
      const text = `${node} and ${other} hold a lease of ${group}`;
      throw new Violation("one lease at a time", text);
    }
  }
}
