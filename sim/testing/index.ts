/** A whole cluster in the process of a test, on virtual time and under faults, for programs that use the client. */
export {
  simulatedCluster,
  type VirtualCluster,
  type VirtualClusterOptions,
  type VirtualLogLine,
} from "./virtual-cluster.ts";
export type { FaultClass } from "../nemesis.ts";
export { Violation } from "../violation.ts";
