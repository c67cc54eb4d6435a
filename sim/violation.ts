/** What a simulation is for finding. */

/** Where in a run to look; whatever is known of it. */
export interface ViolationPlace {
  readonly group?: string;
  readonly slots?: readonly number[];
  readonly node?: string;
  /** Internal key. */
  readonly key?: string;
  /** Virtual time between which it came about; the moment of the check when left out. */
  readonly fromMs?: number;
  readonly throughMs?: number;
}

/** A rule was broken; `check` names the oracle that saw it, and stays the same from version to version. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly check: string;
  readonly place: ViolationPlace;

  constructor(check: string, text: string, place: ViolationPlace = {}) {
    super(`${check}: ${text}`);
    this.check = check;
    this.place = place;
  }
}
