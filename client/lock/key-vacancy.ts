/** Tells when a key is free, as a watch of it says; and lets nobody wait for ever should the watch say nothing. */
import type { Cancel } from "../../infra/clock/clock.ts";
import { changeOperation } from "../../kv/change.ts";
import { keyAfter } from "../../kv/internal-key.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Caller } from "../caller.ts";
import { openWatch } from "../watch/open-watch.ts";
import type { Watch } from "../watch/watch.ts";

export class KeyVacancy {
  readonly #caller: Caller;
  readonly #key: InternalKey;
  #watch: Watch<boolean> | undefined;
  #isOpening = false;
  #isClosed = false;
  /** How often the key was seen to be free. */
  #vacancies = 0;
  #isTaken = false;
  #wake: () => void = () => {};

  constructor(caller: Caller, key: InternalKey) {
    this.#caller = caller;
    this.#key = key;
  }

  /** What `wait` is told: vacancies up to here are old news. */
  get seen(): number {
    return this.#vacancies;
  }

  /** Resolves when the key was free since then, when the client is closed, or after so long in any case. Never rejects. */
  async wait(seen: number, maxMs: number, signal: AbortSignal | undefined): Promise<void> {
    void this.#open();
    if (this.#vacancies > seen || signal?.aborted === true) return;
    let cancel: Cancel = () => {};
    let forget: () => void = () => {};
    let forgetClient: () => void = () => {};
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        if (this.#vacancies > seen) resolve();
      };
      cancel = this.#caller.clock.after(maxMs, resolve);
      if (signal !== undefined) forget = this.#caller.aborts.heed(signal, resolve);
      forgetClient = this.#caller.core.whenClosed(resolve);
    });
    this.#wake = () => {};
    cancel();
    forget();
    forgetClient();
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.stop();
  }

  /** Tried again at the next wait when it fails. */
  async #open(): Promise<void> {
    if (this.#watch !== undefined || this.#isOpening) return;
    this.#isOpening = true;
    this.#isTaken = false;
    try {
      const query = {
        ranges: [{ start: this.#key, end: keyAfter(this.#key) }],
        from: "current" as const,
        keysOnly: true,
        onInitialized: () => this.#initialized(),
      };
      const watch = await openWatch(this.#caller, query, ({ operation }) => {
        return operation === changeOperation.put;
      });
      this.#watch = watch;
      if (this.#isClosed) watch.stop();
      void this.#follow(watch);
    } catch {
      // Whoever waits tries again in time.
    } finally {
      this.#isOpening = false;
    }
  }

  async #follow(watch: Watch<boolean>): Promise<void> {
    try {
      for await (const isTaken of watch) {
        this.#isTaken = isTaken;
        if (!isTaken) this.#noteVacancy();
      }
    } catch {
      // A gap: the next wait opens another.
    }
    this.#watch = undefined;
  }

  /** It began without the key: it was free. */
  #initialized(): void {
    if (!this.#isTaken) this.#noteVacancy();
  }

  #noteVacancy(): void {
    this.#vacancies += 1;
    this.#wake();
  }
}
