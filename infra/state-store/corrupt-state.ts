/** What is thrown when stored state is not what was written. */
import { SynodError } from "../errors/synod-error.ts";

export function corruptState(what: string): SynodError {
  return new SynodError("CORRUPT_STORE", `state store: ${what}`);
}
