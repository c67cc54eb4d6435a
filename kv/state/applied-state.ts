/**
 * Everything that applying an entry reads and writes. All of it is in every checkpoint, so that a replica that
 * starts from one goes on exactly like the others.
 */
import { checksumInterval } from "../limits.ts";
import { newest, type Revision } from "../revision.ts";
import { space, type InternalKey, type StateReader } from "../state-reader.ts";
import { Checksum } from "./checksum.ts";
import { DataSpace } from "./data-space.ts";
import type { Directory } from "./directory.ts";
import { LastRevision } from "./last-revision.ts";
import { Regions, type Region } from "./regions.ts";
import { Requests } from "./requests.ts";
import { Sessions } from "./sessions.ts";
import type { ChecksumAt, ReplicaImage, StateCodec } from "./state-codec.ts";

/** The one cell of the meta space that holds what is neither a key nor a session. */
export const replicaCellKey: InternalKey = "replica";

/** A group's state at slot 0. */
export interface BornWith {
  readonly regions: readonly Region[];
  readonly directory: Directory;
}

export class AppliedState {
  readonly lastRevision: LastRevision;
  readonly data: DataSpace;
  readonly sessions: Sessions;
  readonly requests: Requests;
  readonly checksum: Checksum;
  readonly directory: Directory;
  #regions: Regions;
  /** Never decreases, and never above the last revision. */
  #watermark: Revision;
  /** Slot of the last entry applied. Every entry up to it is part of this state, none behind it. */
  #appliedThrough: number;
  #comparable: ChecksumAt;

  /** Starts from the checkpoint; a group that has none starts with the regions it was born with. */
  constructor(checkpoint: StateReader, codec: StateCodec, bornWith: BornWith) {
    const cell = checkpoint.find(space.meta, replicaCellKey, newest);
    const image: ReplicaImage =
      cell === undefined
        ? imageAtBirth(bornWith)
        : codec.decodeReplica(cell.source, cell.start, cell.end);
    this.lastRevision = new LastRevision(image.lastRevision);
    this.checksum = new Checksum(image.checksum);
    this.#regions = new Regions(image.regions);
    this.directory = image.directory;
    this.#watermark = image.watermark;
    this.#appliedThrough = image.appliedThrough;
    this.#comparable = image.comparable;
    this.data = new DataSpace(checkpoint);
    this.sessions = new Sessions(checkpoint, codec);
    this.requests = new Requests(checkpoint, codec);
  }

  get regions(): Regions {
    return this.#regions;
  }

  get watermark(): Revision {
    return this.#watermark;
  }

  get appliedThrough(): number {
    return this.#appliedThrough;
  }

  /** The checksum behind the last slot at which replicas compare. */
  get comparable(): ChecksumAt {
    return this.#comparable;
  }

  raiseWatermark(to: Revision): void {
    this.#watermark = Math.max(this.#watermark, Math.min(to, this.lastRevision.value));
  }

  /** Called when everything the slot's entry does is done. */
  finish(slot: number): void {
    this.#appliedThrough = slot;
    if (slot % checksumInterval === 0) this.#comparable = { slot, value: this.checksum.value };
  }

  image(): ReplicaImage {
    return {
      appliedThrough: this.#appliedThrough,
      lastRevision: this.lastRevision.value,
      watermark: this.#watermark,
      checksum: this.checksum.value,
      comparable: this.#comparable,
      regions: this.#regions.owned,
      directory: this.directory,
    };
  }
}

function imageAtBirth({ regions, directory }: BornWith): ReplicaImage {
  return {
    appliedThrough: 0,
    lastRevision: 0,
    watermark: 0,
    checksum: 0,
    comparable: { slot: 0, value: 0 },
    regions,
    directory,
  };
}
