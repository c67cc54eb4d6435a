/** All charts of this version of Synod, as `/machines.json` gives them. */
import { machineCharts, type MachineChart } from "../machines/machine-charts.ts";

export interface MachinesDocument {
  /** By id. */
  readonly machines: Readonly<Record<string, MachineChart>>;
}

export function machinesDocument(): MachinesDocument {
  return { machines: Object.fromEntries(machineCharts()) };
}
