/** Whatever lies behind a large value is found, before and after runs are merged and the store is opened again. */
import { afterAll, describe, expect, test } from "vitest";
import { newest } from "../../kv/revision.ts";
import { space } from "../../kv/state-reader.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import { cutOf, put } from "./cuts.ts";
import { busyMerging } from "./numbered-cuts.ts";
import { checkpoint, testStores } from "./stores.ts";

/** Around what sixteen bits count, at whole pages with little and much room behind, and the largest there is. */
const sizes = [60_000, 65_000, 65_400, 65_480, 65_500, 65_536, 66_000, 70_000, 131_072, 512 * 1024];

function valueOf(group: GroupStateStore, of: 0 | 2 | 4, key: string): string | undefined {
  const found = group.find(of, key, newest);
  return found && Buffer.from(found.source.subarray(found.start, found.end)).toString("latin1");
}

function scanned(group: GroupStateStore, of: 0 | 2 | 4): string[] {
  const keys: string[] = [];
  const cursor = group.scan(of, "", undefined, false);
  for (let cell = cursor.next(); cell !== undefined; cell = cursor.next()) keys.push(cell.key);
  return keys;
}

for (const { name, make } of testStores) {
  describe(name, () => {
    const on = make();
    afterAll(() => on.remove());

    test("small cells behind a large one", async () => {
      let store = await on.open(busyMerging);
      for (const size of sizes) {
        const group = store.group(`g${size}`);
        for (const [at, large] of ["a", "c", "e", "g"].entries()) {
          const slot = at + 1;
          const cells = [
            put(space.data, large, slot, "x".repeat(size)),
            put(space.data, `${large}.`, slot, "behind"),
            put(space.session, "s", slot, "session"),
            put(space.meta, "replica", slot, "replica"),
          ];
          await checkpoint(on, group, cutOf({ appliedThrough: slot }, cells));
        }
      }
      const check = (when: string): void => {
        for (const size of sizes) {
          const group = store.group(`g${size}`);
          const found = [
            valueOf(group, space.data, "a")?.length,
            valueOf(group, space.data, "a."),
            valueOf(group, space.data, "g."),
            valueOf(group, space.session, "s"),
            valueOf(group, space.meta, "replica"),
            scanned(group, space.data),
            scanned(group, space.meta)[0],
          ];
          const keys = ["a", "a.", "c", "c.", "e", "e.", "g", "g."];
          const wanted = [size, "behind", "behind", "session", "replica", keys, "replica"];
          expect(found, `${size} bytes ${when}`).toEqual(wanted);
        }
      };
      check("as written");
      await on.until("runs of every group are merged", () =>
        sizes.every((size) => store.group(`g${size}`).statistics().merges > 0),
      );
      check("merged");
      await store.close();
      store = await on.open(busyMerging);
      check("opened again");
      await store.close();
    });
  });
}
