/** All charts of this version of Synod, as `/machines.json` gives them. */
import { acceptorMachine } from "../../machines/acceptor/acceptor.ts";
import { birthMachine } from "../../machines/birth/birth.ts";
import { checkpointerMachine } from "../../machines/checkpointer/checkpointer.ts";
import { learnerMachine } from "../../machines/learner/learner.ts";
import { nodeMachine } from "../../machines/node/node.ts";
import { proposerMachine } from "../../machines/proposer/proposer.ts";
import { regionManagerMachine } from "../../machines/region-manager/region-manager.ts";

const machines = [
  proposerMachine,
  acceptorMachine,
  learnerMachine,
  checkpointerMachine,
  birthMachine,
  nodeMachine,
  regionManagerMachine,
];

export interface MachinesDocument {
  /** By id. `config` is what the chart was written as; functions are lost where it becomes JSON. */
  readonly machines: Readonly<
    Record<string, { readonly config: object; readonly svg: string | null }>
  >;
}

export function machinesDocument(): MachinesDocument {
  return {
    machines: Object.fromEntries(machines.map(({ id, config }) => [id, { config, svg: null }])),
  };
}
