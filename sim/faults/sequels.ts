/** What a fault has still to do after it struck. All of it ends when everything is mended. */
import type { SimulatedWorld } from "../../infra/clock/simulated-world.ts";

export class Sequels {
  readonly #world: SimulatedWorld;
  /** Raised when all is mended: what was to come before that comes no more. */
  #round = 0;
  #staged = false;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  later(delayMs: number, step: () => void): void {
    const round = this.#round;
    this.#world.schedule(delayMs, () => {
      if (round === this.#round) step();
    });
  }

  /** Looks every few milliseconds until the condition holds, and acts once. */
  once(everyMs: number, condition: () => boolean, step: () => void): void {
    this.later(everyMs, () => {
      if (condition()) step();
      else this.once(everyMs, condition, step);
    });
  }

  /** Faults that direct a whole scene would spoil each other's: only the first of a round gets the stage. */
  takeStage(): boolean {
    const taken = this.#staged;
    this.#staged = true;
    return !taken;
  }

  end(): void {
    this.#round += 1;
    this.#staged = false;
  }
}
