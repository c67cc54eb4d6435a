/** A process whose disk takes no more: appends to a log without pause, and says how each of the last ones ended. */
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { openLmdbLogStore } from "../../infra/log-store/lmdb-log-store.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";

const store = await openLmdbLogStore({
  directory: process.argv[2] ?? "",
  cluster: "c",
  node: "n1",
  randomness: systemRandomness,
});
const entry = new Uint8Array(4_000);
const ballot = { epoch: 1, round: 1, member: 1 };
const inFlight = 20;
let slot = 0;
let refused = 0;

/** In turns of their own, so that they end in commits of their own. */
function append(): void {
  slot += 1;
  store.append("g1", { records: [{ epoch: 1, slot, ballot, entry }] }, (failure) => {
    if (failure === undefined) {
      setImmediate(append);
      return;
    }
    refused += 1;
    if (!(failure instanceof SynodError) || failure.code !== "STORAGE_FAILED") throw failure;
    if (refused === inFlight) console.log(`${refused} refused: ${failure.message}`);
  });
}

for (let lane = 0; lane < inFlight; lane++) setTimeout(append, lane);
