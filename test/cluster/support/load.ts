/** Clients that keep asking: the background against which things go wrong. */
import type { Recorded } from "../../../sim/workload/history.ts";
import { failureOf, type TestClient } from "./test-client.ts";

/** On both sides of the region bounds, few enough that clients meet. */
const keys = ["a", "b", "h", "i", "k", "m", "q", "r", "t", "z"];

export interface LoadOptions {
  /** Operations each client keeps going. */
  readonly concurrency?: number;
  readonly timeoutMs?: number;
}

export class Load {
  readonly #lanes: Promise<void>[] = [];
  readonly #failed: Recorded[] = [];
  readonly #timeoutMs: number;
  #answered = 0;
  #stopping = false;

  constructor(clients: readonly TestClient[], { concurrency = 3, timeoutMs }: LoadOptions = {}) {
    this.#timeoutMs = timeoutMs ?? 5_000;
    for (const client of clients) {
      for (let lane = 0; lane < concurrency; lane++) this.#lanes.push(this.#run(client, lane));
    }
  }

  get answered(): number {
    return this.#answered;
  }

  get failures(): readonly Recorded[] {
    return this.#failed;
  }

  /** What went wrong, as text. */
  get complaints(): readonly string[] {
    return this.#failed.map((recorded) => {
      const failure = failureOf(recorded);
      return `${failure?.code} (${failure?.outcome}): ${failure?.message}`;
    });
  }

  /** Nothing new is asked; what is open still ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  async #run(client: TestClient, lane: number): Promise<void> {
    for (let turn = lane; !this.#stopping; turn++) {
      const recorded = await this.#ask(client, turn);
      if (failureOf(recorded) === undefined) this.#answered += 1;
      else this.#failed.push(recorded);
      // A client that is refused at once must not keep everything else from running.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #ask(client: TestClient, turn: number): Promise<Recorded> {
    const key = keys[(turn * 7) % keys.length] ?? "";
    switch (turn % 5) {
      case 0:
      case 1:
        return client.put(key, undefined, this.#timeoutMs);
      case 2:
        return client.increment(`${key}#`, this.#timeoutMs);
      case 3:
        return client.get(key, this.#timeoutMs);
      default:
        return client.getStale(key, this.#timeoutMs);
    }
  }
}
