/** What a simulation is for finding. */

/** A rule was broken; `check` names the oracle that saw it. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly check: string;

  constructor(check: string, text: string) {
    super(`${check}: ${text}`);
    this.check = check;
  }
}
