/**
 * The sessions of one checkpoint, as they were when it was cut. Their images are taken late, one at a time, so
 * that cutting costs nothing: when the store comes to a session, or just before the session changes.
 */
import type { CutCells } from "../checkpoint.ts";
import type { Cell } from "../state-reader.ts";
import { versionKind, type Version } from "../version.ts";
import type { Session } from "./session.ts";
import { ListedCells } from "./shown-cell.ts";
import type { StateCodec } from "./state-codec.ts";

const noBytes = new Uint8Array(0);

export class SessionCut {
  readonly #slot: number;
  readonly #codec: StateCodec;
  readonly #sessions: readonly Session[];
  /** Images taken before the store asked for them. */
  readonly #images = new Map<Session, Version>();

  constructor(changed: readonly Session[], slot: number, codec: StateCodec) {
    this.#slot = slot;
    this.#codec = codec;
    this.#sessions = changed;
    for (const session of changed) {
      session.changed = false;
      session.awaitsCut = true;
    }
  }

  take(session: Session): void {
    this.#images.set(session, this.#image(session));
    session.awaitsCut = false;
  }

  cells(): CutCells {
    return new ListedCells(this.#cells());
  }

  *#cells(): Generator<Cell> {
    // A session that expired and one that was opened under the same id later: the later one counts.
    const byId = new Map(this.#sessions.map((session) => [session.id, session]));
    for (const id of [...byId.keys()].toSorted(byBytes)) {
      const session = byId.get(id);
      if (session === undefined) continue;
      const version = this.#images.get(session) ?? this.#image(session);
      session.awaitsCut = false;
      yield { key: id, version };
    }
  }

  /** Sessions need no more images for this cut. */
  close(): void {
    for (const session of this.#sessions) session.awaitsCut = false;
  }

  #image(session: Session): Version {
    const removed = session.removed;
    const source = removed ? noBytes : this.#codec.encodeSession(session);
    const kind = removed ? versionKind.tombstone : versionKind.put;
    return { revision: this.#slot, kind, expiresAt: 0, source, start: 0, end: source.length };
  }
}

function byBytes(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
