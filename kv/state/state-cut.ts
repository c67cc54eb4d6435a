/** One cut of the applied state, on its way into a checkpoint while apply goes on. */
import type { CheckpointCut, CutCells } from "../checkpoint.ts";
import type { Revision } from "../revision.ts";
import { space, type Cell, type Space } from "../state-reader.ts";
import { versionKind } from "../version.ts";
import { replicaCellKey, type AppliedState } from "./applied-state.ts";
import type { DataSpace } from "./data-space.ts";
import type { SessionCut } from "./session-cut.ts";
import { ListedCells } from "./shown-cell.ts";
import type { StateCodec } from "./state-codec.ts";

export class StateCut implements CheckpointCut {
  readonly appliedThrough: number;
  readonly lastRevision: Revision;
  readonly watermark: Revision;
  readonly #data: DataSpace;
  readonly #sessions: SessionCut;
  readonly #requests: readonly Cell[];
  readonly #replica: Cell;

  constructor(state: AppliedState, codec: StateCodec) {
    const image = state.image();
    this.appliedThrough = image.appliedThrough;
    this.lastRevision = image.lastRevision;
    this.watermark = image.watermark;
    this.#data = state.data;
    this.#data.freeze();
    this.#sessions = state.sessions.freeze(image.appliedThrough);
    this.#requests = state.requests.cut(image.appliedThrough);
    this.#replica = replicaCell(image.appliedThrough, codec.encodeReplica(image));
  }

  cells(of: Space): CutCells {
    if (of === space.data) return this.#data.frozenVersions();
    if (of === space.expiry) return this.#data.frozenExpiries();
    if (of === space.session) return this.#sessions.cells();
    if (of === space.request) return new ListedCells(this.#requests);
    return new ListedCells(of === space.meta ? [this.#replica] : []);
  }
}

function replicaCell(slot: number, source: Uint8Array): Cell {
  const window = { source, start: 0, end: source.length };
  return {
    key: replicaCellKey,
    version: { revision: slot, kind: versionKind.put, expiresAt: 0, ...window },
  };
}
