/**
 * Makes a seed that fails smaller: without classes of faults, then without single strikes, then with fewer nodes, clients
 * and keys, and shorter. A smaller run counts only when the same check fails in it: what fails otherwise is another find.
 */
import { countText } from "../command/count-text.ts";
import type { KnownStrike } from "../command/seed-job.ts";
import type { SeedOptions } from "../run-seed.ts";
import { minimalSubset } from "./minimal-subset.ts";

export interface Attempted {
  /** The check that failed; undefined when all held. */
  readonly check: string | undefined;
  readonly strikes: readonly KnownStrike[];
  /** Virtual time at which it ended. */
  readonly endedMs: number;
}

export interface ShrinkOptions {
  readonly start: SeedOptions;
  readonly attempt: (options: SeedOptions) => Promise<Attempted>;
  /** After each attempt: what was tried, and what came of it. */
  readonly tell: (what: string, cameTo: string) => void;
  /** Asked before each attempt; the smallest run so far is the answer then. */
  readonly isTimeUp: () => boolean;
}

export interface Shrunk {
  readonly options: SeedOptions;
  readonly check: string;
  readonly strikes: readonly KnownStrike[];
  readonly attempts: number;
  /** What it was at when its time was up; undefined when it had tried everything. */
  readonly stoppedAt: string | undefined;
}

/** Undefined when nothing fails. */
export async function shrink(options: ShrinkOptions): Promise<Shrunk | undefined> {
  const first = await options.attempt(options.start);
  if (first.check === undefined) return undefined;
  const search = new Search(options, first, first.check);
  await search.run();
  return search.result;
}

/** What is tried for each size, the smallest first, as long as it is smaller than what there is. */
const sizes = {
  nodes: [1, 3, 5],
  watchers: [0, 1, 2],
  rawClients: [0],
  bankers: [0],
  // Without anybody who asks, a run would fail where what is looked for does not.
  clients: [1, 2],
  keys: [1, 2, 3, 5, 10, 20, 50],
} as const;
const usual = {
  nodes: 3,
  watchers: Infinity,
  rawClients: 1,
  bankers: 1,
  clients: 3,
  keys: Infinity,
} as const;
type Size = keyof typeof sizes;
const sizeNames: Readonly<Record<Size, string>> = {
  nodes: "node",
  watchers: "watcher",
  rawClients: "raw client",
  bankers: "banker",
  clients: "client",
  keys: "key",
};

/** Smaller steps are not worth a run. */
const shorterMsMin = 100;
const usualFaultsMs = 20_000;
const roundsMax = 4;

class Search {
  readonly #options: ShrinkOptions;
  readonly #check: string;
  #best: SeedOptions;
  #bestRun: Attempted;
  #attempts = 1;
  #step = "the end of the run";
  #stoppedAt: string | undefined;
  /** Runs that need not be tried again. */
  readonly #failedDifferently = new Set<string>();

  constructor(options: ShrinkOptions, first: Attempted, check: string) {
    this.#options = options;
    this.#check = check;
    this.#best = options.start;
    this.#bestRun = first;
  }

  get result(): Shrunk {
    const { strikes } = this.#bestRun;
    return {
      options: this.#best,
      check: this.#check,
      strikes,
      attempts: this.#attempts,
      stoppedAt: this.#stoppedAt,
    };
  }

  async run(): Promise<void> {
    // What comes behind the failure cannot be needed, and everything is quicker without it.
    await this.#try({ faultsMs: Math.ceil(this.#bestRun.endedMs) }, "ending where it fails");
    for (let round = 0; round < roundsMax; round++) {
      const before = this.#best;
      const isAt = (what: string): void => {
        this.#step = `${what}, round ${round + 1}`;
      };
      isAt("classes of faults");
      await this.#withoutClasses();
      isAt("single strikes");
      await this.#withoutStrikes();
      for (const size of Object.keys(sizes) as Size[]) {
        isAt(`the number of ${sizeNames[size]}s`);
        await this.#withSmaller(size);
      }
      isAt("the length of the run");
      await this.#shorter();
      if (this.#best === before || this.#isTimeUp()) return;
    }
  }

  async #withoutClasses(): Promise<void> {
    const classes = [...new Set(this.#bestRun.strikes.map(({ fault }) => fault))];
    await minimalSubset(classes, (kept) => {
      const dropped = this.#bestRun.strikes.filter(({ fault }) => !kept.includes(fault));
      return this.#without(dropped, `with ${kept.join(", ") || "no faults"}`);
    });
  }

  async #withoutStrikes(): Promise<void> {
    const numbers = this.#bestRun.strikes.map(({ number }) => number);
    await minimalSubset(numbers, (kept) => {
      const dropped = this.#bestRun.strikes.filter(({ number }) => !kept.includes(number));
      return this.#without(dropped, `with ${countText(kept.length, "strike")}`);
    });
  }

  /** True also when nothing is left out: of what there is, that is known. */
  #without(strikes: readonly KnownStrike[], what: string): Promise<boolean> {
    if (strikes.length === 0) return Promise.resolve(true);
    const numbers = strikes.map(({ number }) => number);
    return this.#try({ without: new Set([...(this.#best.without ?? []), ...numbers]) }, what);
  }

  async #withSmaller(size: Size): Promise<void> {
    const present = this.#best[size] ?? usual[size];
    for (const smaller of sizes[size]) {
      if (smaller >= present) return;
      if (await this.#try({ [size]: smaller }, `with ${countText(smaller, sizeNames[size])}`))
        return;
    }
  }

  /** By halves: not every shorter run fails, but the shortest that does is near one that does. */
  async #shorter(): Promise<void> {
    let tooShortMs = 0;
    for (;;) {
      const presentMs = this.#best.faultsMs ?? usualFaultsMs;
      const faultsMs = Math.round((presentMs + tooShortMs) / 2);
      if (presentMs - faultsMs < shorterMsMin) return;
      const isEnough = await this.#try({ faultsMs }, `for ${faultsMs} ms`);
      if (!isEnough) tooShortMs = faultsMs;
      if (this.#isTimeUp()) return;
    }
  }

  #isTimeUp(): boolean {
    if (!this.#options.isTimeUp()) return false;
    this.#stoppedAt ??= this.#step;
    return true;
  }

  /** Whether it still fails; if so, it is the best from here on. */
  async #try(change: Partial<SeedOptions>, what: string): Promise<boolean> {
    if (this.#isTimeUp()) return false;
    const options = { ...this.#best, ...change };
    const key = keyOf(options);
    const known = this.#failedDifferently.has(key);
    if (known) return false;
    const run = await this.#options.attempt(options);
    this.#attempts += 1;
    const isSame = run.check === this.#check;
    this.#options.tell(what, isSame ? `fails alike, ${stateText(run)}` : otherText(run));
    if (!isSame) {
      this.#failedDifferently.add(key);
      return false;
    }
    this.#best = options;
    this.#bestRun = run;
    return true;
  }
}

function keyOf({ without, ...options }: SeedOptions): string {
  return JSON.stringify({ ...options, without: [...(without ?? [])].sort((a, b) => a - b) });
}

function stateText({ strikes, endedMs }: Attempted): string {
  return `${countText(strikes.length, "strike")}, ${Math.round(endedMs)} ms`;
}

function otherText({ check }: Attempted): string {
  return check === undefined ? "holds" : `fails otherwise: ${check}`;
}
