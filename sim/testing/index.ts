/** A whole cluster in the process of a test, on virtual time and under faults, for programs that use the client. */
export {
  simulatedCluster,
  type Checked,
  type VirtualCluster,
  type VirtualClusterOptions,
  type VirtualLogLine,
} from "./virtual-cluster.ts";
export { forEachSeed, SeedFailed, type SeedsOptions } from "./for-each-seed.ts";
export type { FaultClass } from "../nemesis.ts";
export type { Happening, MomentName, MomentPlace, PlacedAct } from "../moments.ts";
export type { Recording } from "../trace/recording.ts";
export { Violation, type ViolationPlace } from "../violation.ts";
