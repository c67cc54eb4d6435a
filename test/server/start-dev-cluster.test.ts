/** What keeps a development cluster from starting; that it runs is shown with the package that users install. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startDevCluster } from "../../server/index.ts";
import { startNatsServer } from "../support/nats-server.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "synod-dev-cluster-"));
  vi.stubEnv("TMPDIR", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("a port that is taken is an error, and leaves nothing behind", async () => {
  const other = await startNatsServer();
  const started = startDevCluster({ port: other.port });
  await expect(started).rejects.toMatchObject({ code: "PORT_IN_USE" });
  await other.kill();
  expect(readdirSync(folder)).toEqual([]);
});

test("a directory is used by one cluster at a time, and a topology that is wrong by none", async () => {
  const dataDirectory = join(folder, "data");
  const other = await startNatsServer();
  const first = startDevCluster({ dataDirectory, port: other.port });
  const second = startDevCluster({ dataDirectory });
  const [taken, locked] = await Promise.allSettled([first, second]);
  expect(taken).toMatchObject({ status: "rejected", reason: { code: "PORT_IN_USE" } });
  expect(locked).toMatchObject({ status: "rejected", reason: { code: "STORE_LOCKED" } });
  await other.kill();
  const wrong = startDevCluster({ topologyFile: join(folder, "none.yaml") });
  await expect(wrong).rejects.toMatchObject({ code: "TOPOLOGY_INVALID" });
});
