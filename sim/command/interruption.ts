/** Ctrl-C, and what else asks a program to end. */

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export const interruptedCode = 130;

export interface Interruption {
  readonly happened: boolean;
  /** Resolves when it happens. */
  readonly promise: Promise<"interrupted">;
}

export function listenForInterruption(): Interruption {
  let happened = false;
  const promise = new Promise<"interrupted">((resolve) => {
    for (const signal of signals) {
      process.on(signal, () => {
        happened = true;
        resolve("interrupted");
      });
    }
  });
  return {
    get happened() {
      return happened;
    },
    promise,
  };
}
