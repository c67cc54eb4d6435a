/** Stored state that is not what was written: reported with its own error, and never served. */
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { space } from "../../kv/state-reader.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import { allCells, cutOf, put } from "./cuts.ts";
import { busyMerging, checkNumbered, numberedCut } from "./numbered-cuts.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { checkpoint, lmdbStore, simulatedStore } from "./stores.ts";

const quiet = { fanIn: 1000, smallBytes: 1, garbageRatio: 1000 };

/** Everything is read; returns whether corruption was reported. Throws if anything wrong was served. */
function reportsCorruption(open: () => GroupStateStore): boolean {
  let reported = false;
  const attempt = (read: () => void): void => {
    try {
      read();
    } catch (failure) {
      if ((failure as { code?: string }).code !== "CORRUPT_STORE") throw failure;
      reported = true;
    }
  };
  attempt(() => {
    const group = open();
    attempt(() => expect(checkNumbered(group)).toBe(4));
    attempt(() => allCells(space.data, group.scan(space.data, "", undefined, false)));
  });
  return reported;
}

describe.each(["flipBit", "misplaceBlock"] as const)("%s", (damage) => {
  test("anywhere is reported, and nothing wrong is served", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const on = simulatedStore();
      const store = await on.open(quiet);
      for (let number = 1; number <= 4; number += 1) {
        await checkpoint(on, store.group("g"), numberedCut(number));
      }
      await store.close();
      expect(on.disk[damage](seeded(seed))).toBe(true);
      const damaged = await on.open(quiet);
      expect(
        reportsCorruption(() => damaged.group("g")),
        `seed ${seed}`,
      ).toBe(true);
    }
  });
});

test("a merge that meets a corrupt block reports it and leaves everything as it was", async () => {
  const on = simulatedStore();
  const store = await on.open(busyMerging);
  const group = store.group("g");
  await checkpoint(on, group, numberedCut(1));
  const block = on.disk.read(1, 0);
  block?.view.setUint8(1000, block.view.getUint8(1000) ^ 4);
  const heard: Error[] = [];
  group.onFailure((failure) => heard.push(failure));
  for (let number = 2; number <= 3; number += 1) await checkpoint(on, group, numberedCut(number));
  await on.until("the merge has failed", () => heard.length > 0);
  expect(heard[0]).toMatchObject({ code: "CORRUPT_STORE" });
  expect(group.statistics()).toMatchObject({ runs: 3, merges: 0 });
});

describe("an LMDB environment", () => {
  const values = ["first-value", "second-value"].map((name) => name.padEnd(3000, "."));

  /** A closed environment with one block per value, and a way to change its file. */
  async function prepared() {
    const on = lmdbStore();
    const store = await on.open(quiet);
    const cells = values.map((value, index) => put(space.data, `key ${index}`, index + 1, value));
    for (const [index, cell] of cells.entries()) {
      await checkpoint(on, store.group("g"), cutOf({ appliedThrough: index + 1 }, [cell]));
    }
    await store.close();
    const path = join(on.directory, "state.mdb");
    return {
      on,
      path,
      damage: (change: (file: Buffer) => void): void => {
        const file = readFileSync(path);
        change(file);
        writeFileSync(path, file);
      },
    };
  }

  async function findFirst(on: ReturnType<typeof lmdbStore>): Promise<unknown> {
    const store = await on.open(quiet);
    try {
      return store.group("g").find(space.data, "key 0", Number.MAX_SAFE_INTEGER);
    } finally {
      await store.close();
      on.remove();
    }
  }

  const corrupt = { code: "CORRUPT_STORE" };

  test("that is intact is served", async () => {
    const { on, damage } = await prepared();
    damage(() => {});
    expect(await findFirst(on)).toMatchObject({ revision: 1 });
  });

  test("with a flipped bit in a value reports it", async () => {
    const { on, damage } = await prepared();
    damage((file) => {
      const at = file.indexOf("first-value") + 20;
      file.writeUInt8(file.readUInt8(at) ^ 1, at);
    });
    await expect(findFirst(on)).rejects.toMatchObject(corrupt);
  });

  test("with two blocks in each other's place reports it", async () => {
    const { on, damage } = await prepared();
    damage((file) => {
      // LMDB's own page header stays; what it holds is another block, with a good checksum.
      const [first, second] = ["first-value", "second-value"].map(
        (name) => Math.floor(file.indexOf(name) / 4096) * 4096,
      ) as [number, number];
      const content = Buffer.from(file.subarray(first + 24, first + 4096));
      file.copy(file, first + 24, second + 24, second + 4096);
      content.copy(file, second + 24);
    });
    await expect(findFirst(on)).rejects.toMatchObject(corrupt);
  });

  test("with a changed manifest reports it", async () => {
    const { on, damage } = await prepared();
    damage((file) => {
      for (let at = file.indexOf('"merges"'); at >= 0; at = file.indexOf('"merges"', at + 1)) {
        file.write('"murges"', at);
      }
    });
    await expect(findFirst(on)).rejects.toMatchObject(corrupt);
  });

  test("that is no LMDB environment at all reports it", async () => {
    const { on, path } = await prepared();
    writeFileSync(path, Buffer.alloc(20_000, "not a database "));
    await expect(findFirst(on)).rejects.toMatchObject(corrupt);
  });

  test("whose file has lost its end reports it and does not kill the process", async () => {
    const { on, path } = await prepared();
    const file = readFileSync(path);
    truncateSync(path, Math.floor(file.indexOf("first-value") / 4096) * 4096);
    await expect(findFirst(on)).rejects.toMatchObject(corrupt);
  });

  test("of another member is not believed", async () => {
    const { on } = await prepared();
    await expect(lmdbStore(on.directory, "another").open(quiet)).rejects.toMatchObject({
      code: "RESTORED_STORE",
    });
    expect(await findFirst(on)).toMatchObject({ revision: 1 });
  });

  test.each(["empty", "missing"])("whose file is %s holds no checkpoint", async (which) => {
    const { on, path } = await prepared();
    if (which === "empty") truncateSync(path, 0);
    else on.remove();
    const store = await on.open(quiet);
    expect(store.group("g").checkpoint).toBeUndefined();
    await checkpoint(on, store.group("g"), cutOf({ appliedThrough: 1 }, []));
    await store.close();
    on.remove();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });
});
