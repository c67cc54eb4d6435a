/** Each start of a store has an incarnation above all before: whoever speaks under an old one came from a restored disk. */
import type { Envelope } from "../../infra/codec/peer-codec.ts";
import { Violation } from "../violation.ts";

export class Incarnations {
  readonly #isHurt: (node: string) => boolean;
  /** Of each member the newest incarnation it spoke under, and the start that this was. */
  readonly #newest = new Map<number, Pick<Envelope, "incarnation" | "start">>();

  constructor(isHurt: (node: string) => boolean) {
    this.#isHurt = isHurt;
  }

  noteSent(node: string, { member, incarnation, start }: Envelope): void {
    const newest = this.#newest.get(member);
    if (newest?.start === start) return;
    if (newest !== undefined && incarnation <= newest.incarnation && !this.#isHurt(node)) {
      const text = `${node} started with incarnation ${incarnation} after ${newest.incarnation}`;
      throw new Violation("incarnations go up", text);
    }
    this.#newest.set(member, { incarnation, start });
  }
}
