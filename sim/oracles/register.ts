/**
 * What one key is, to those who use it: a register that holds a text, or nothing. Operations say what they did to it
 * and what they saw of it.
 */

/** The text it holds; undefined when the key does not exist. */
export type Held = string | undefined;

export type Effect =
  | { readonly kind: "see"; readonly held: Held }
  /** `needed`: only on a register that holds just this; undefined = whatever it holds. */
  | { readonly kind: "write"; readonly text: string; readonly needed: Needed }
  | { readonly kind: "remove"; readonly existed: boolean | undefined; readonly needed: Needed }
  | { readonly kind: "add"; readonly delta: number; readonly sum: number | undefined }
  /** The text's time was over. */
  | { readonly kind: "expire"; readonly text: string };

export type Needed = { readonly held: Held } | undefined;

export interface RegisterOperation {
  readonly effect: Effect;
  readonly invokedMs: number;
  /** Infinity when it was never told, or its outcome is unknown: it may take effect at any later time, or never. */
  readonly returnedMs: number;
  /** Who did it, for the message of a violation. */
  readonly client: string;
}

export const impossible = Symbol("impossible");

/** What the register holds behind the effect; `impossible` when it cannot have happened to what it holds. */
export function applyEffect(held: Held, effect: Effect): Held | typeof impossible {
  switch (effect.kind) {
    case "see":
      return effect.held === held ? held : impossible;
    case "write":
      return isAsNeeded(held, effect.needed) ? effect.text : impossible;
    case "remove": {
      const fits = effect.existed === undefined || effect.existed === (held !== undefined);
      return fits && isAsNeeded(held, effect.needed) ? undefined : impossible;
    }
    case "add": {
      const sum = Number(held ?? 0) + effect.delta;
      return effect.sum === undefined || effect.sum === sum ? String(sum) : impossible;
    }
    default:
      return held === effect.text ? undefined : impossible;
  }
}

function isAsNeeded(held: Held, needed: Needed): boolean {
  return needed === undefined || needed.held === held;
}
