/** Chooses keys, each as often as any other. */
import { keyOf, type DriverTask } from "../comparison/task.ts";

const digitsAtOnce = 10_000;

/** What `keyOf` makes of random numbers, from ready halves: padding each number would be a part of what a get costs. */
export function randomKeys(
  task: Pick<DriverTask, "firstKey" | "keys" | "spreadKeys">,
): () => string {
  const { firstKey, keys, spreadKeys } = task;
  if (firstKey + keys > digitsAtOnce ** 2) return () => keyOf(task, randomBelow(keys));
  const letters = Array.from({ length: spreadKeys ? 26 : 1 }, (_, at) =>
    keyOf(task, at).slice(0, 1),
  );
  const halves = Array.from({ length: digitsAtOnce }, (_, digits) =>
    String(digits).padStart(4, "0"),
  );
  return () => {
    const number = randomBelow(keys);
    const digits = firstKey + number;
    const letter = letters[number % letters.length] as string;
    const high = halves[Math.floor(digits / digitsAtOnce)] as string;
    return letter + high + (halves[digits % digitsAtOnce] as string);
  };
}

function randomBelow(count: number): number {
  return Math.floor(Math.random() * count);
}
