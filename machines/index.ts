/** Every chart, in the order in which a reader meets them. */
import { acceptorMachine } from "./acceptor/acceptor.ts";
import { birthMachine } from "./birth/birth.ts";
import { checkpointerMachine } from "./checkpointer/checkpointer.ts";
import { learnerMachine } from "./learner/learner.ts";
import { nodeMachine } from "./node/node.ts";
import { proposerMachine } from "./proposer/proposer.ts";
import { regionManagerMachine } from "./region-manager/region-manager.ts";

export {
  acceptorMachine,
  birthMachine,
  checkpointerMachine,
  learnerMachine,
  nodeMachine,
  proposerMachine,
  regionManagerMachine,
};

export const machines = [
  proposerMachine,
  acceptorMachine,
  learnerMachine,
  checkpointerMachine,
  birthMachine,
  nodeMachine,
  regionManagerMachine,
] as const;
