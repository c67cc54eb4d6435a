/**
 * In a simulation nothing may look at the real clock, wait in real time or draw real randomness: what would is made to
 * throw, so that it is found where it happens and not as two runs of one seed that differ.
 */

export class ImpureCall extends Error {
  override readonly name = "ImpureCall";
}

function thrower(name: string): () => never {
  return () => {
    throw new ImpureCall(`${name} was used inside a simulation; time and chance come from ports`);
  };
}

/** For the whole process and for good: called once, before the first run. */
export function forbidImpurity(): void {
  const { UTC } = Date;
  const forbiddenDate = Object.assign(thrower("Date"), { UTC, now: thrower("Date.now") });
  Object.assign(globalThis, {
    Date: forbiddenDate,
    setTimeout: thrower("setTimeout"),
    setInterval: thrower("setInterval"),
    setImmediate: thrower("setImmediate"),
  });
  Object.assign(Math, { random: thrower("Math.random") });
  for (const name of ["now", "mark", "measure"]) {
    Object.defineProperty(performance, name, { value: thrower(`performance.${name}`) });
  }
  for (const name of ["randomUUID", "getRandomValues"]) {
    Object.defineProperty(crypto, name, { value: thrower(`crypto.${name}`) });
  }
}
