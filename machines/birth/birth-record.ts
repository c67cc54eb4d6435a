/** What a store group is born with, and how a node's own wish for it compares. */
import type { MemberId } from "../ballot.ts";
import type { Configuration } from "../configuration.ts";

/** A key range `[start, end)` and the group that owns it; `end` undefined = to the last key. */
export interface RegionAssignment {
  /** Never reused within a cluster. */
  readonly id: number;
  /** Raised by every command that changes the region's bounds or owner. */
  readonly version: number;
  readonly start: string;
  readonly end: string | undefined;
  readonly group: string;
}

/** Binding once stored: made by one initiator, held durably by every member before anybody votes. */
export interface Birth {
  /** Random; two births are the same exactly when their ids are. */
  readonly id: number;
  readonly cluster: string;
  /** Random, made by the birth of group `meta` and shared by all others: tells clusters of one name apart. */
  readonly clusterId: string;
  readonly group: string;
  readonly configuration: Configuration;
  /** The group's state at slot 0: its own regions, or for `meta` the whole table. */
  readonly regions: readonly RegionAssignment[];
}

/** What a node's topology file wants a group to be. */
export interface BirthPlan {
  readonly cluster: string;
  readonly group: string;
  /** Node names in order of preference; the first initiates the birth. */
  readonly nodes: readonly string[];
  readonly phase1: number;
  readonly phase2: number;
  readonly leaseMs: number;
  readonly driftRatio: number;
  readonly regions: readonly RegionAssignment[];
}

/** The plan that this birth fits: a group that exists does not depend on the topology file any more. */
export function planOf({ cluster, group, configuration, regions }: Birth): BirthPlan {
  const { members, phase1, phase2, leaseMs, driftRatio } = configuration;
  const nodes = members.map(({ node }) => node);
  return { cluster, group, nodes, phase1, phase2, leaseMs, driftRatio, regions };
}

/** What the birth has otherwise than the plan, in words; undefined when they agree. */
export function objectionTo(birth: Birth, plan: BirthPlan): string | undefined {
  const { configuration } = birth;
  const nodes = configuration.members.map(({ node }) => node);
  if (nodes.join() !== plan.nodes.join()) {
    return `its members are ${nodes.join(", ")}, this node's topology says ${plan.nodes.join(", ")}`;
  }
  for (const quorum of ["phase1", "phase2", "leaseMs", "driftRatio"] as const) {
    if (configuration[quorum] !== plan[quorum]) {
      return `its ${quorum} is ${configuration[quorum]}, this node's topology says ${plan[quorum]}`;
    }
  }
  if (JSON.stringify(birth.regions) !== JSON.stringify(plan.regions)) {
    return "its regions are not those of this node's topology";
  }
  return undefined;
}

/** The birth names this node, but another store of it: this one is a replacement and must never vote. */
export function listsAnotherStore(birth: Birth, node: string, member: MemberId): boolean {
  const listed = birth.configuration.members.find((candidate) => candidate.node === node);
  return listed !== undefined && listed.member !== member;
}
