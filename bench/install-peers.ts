/**
 * Brings what Synod is compared with into the user's cache: etcd and nats-server built from the versions that
 * bench/peers/go.mod pins, and Debian's etcd out of its package. Nothing is installed into the system.
 * `npm run bench:peers`.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { inWorkFolder } from "../infra/broker/broker-cache.ts";
import { fetchDebianPackage } from "../infra/broker/debian-package.ts";
import { systemClock } from "../infra/clock/system-clock.ts";
import {
  builtPath,
  debianEtcdPath,
  goCommand,
  goLine,
  goModule,
  packageOf,
  peersFolder,
  pinnedVersion,
  versionOfEtcd,
  type BuiltPeer,
} from "./comparison/peers.ts";

/** Complete or absent: built beside its place, and then moved there. */
function build(go: string, peer: BuiltPeer): void {
  const path = builtPath(peer, process.env);
  if (!existsSync(path)) {
    console.log(`building ${peer} ${pinnedVersion(peer)}, which takes a minute or two`);
    mkdirSync(dirname(path), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    const args = ["build", "-trimpath", "-o", unfinished, packageOf(peer)];
    const built = spawnSync(go, args, { cwd: goModule, stdio: "inherit" });
    if (built.status !== 0) throw new Error(`${peer} could not be built`);
    renameSync(unfinished, path);
  }
  console.log(`${peer} ${pinnedVersion(peer)}: ${path}`);
}

async function unpackDebianEtcd(): Promise<void> {
  const path = debianEtcdPath(process.env);
  if (!existsSync(path)) {
    await inWorkFolder(peersFolder(process.env), async (workFolder) => {
      const fetch = {
        aptGet: "apt-get",
        dpkgDeb: "dpkg-deb",
        environment: process.env,
        aptOptions: [],
        clock: systemClock,
        progress: (step: string) => console.log(step),
        packageName: "etcd-server",
        programName: "etcd",
      };
      const unpacked = await fetchDebianPackage(fetch, workFolder);
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync(unpacked, `${path}.${process.pid}`);
      renameSync(`${path}.${process.pid}`, path);
    });
  }
  console.log(`etcd ${versionOfEtcd(path)} of Debian: ${path}`);
}

const go = goCommand();
if (go === undefined) {
  console.error(`etcd and nats-server are built with Go: ${goLine}`);
  process.exitCode = 1;
} else {
  build(go, "nats-server");
  build(go, "etcd");
}
try {
  await unpackDebianEtcd();
} catch (failure) {
  const why = failure instanceof Error ? failure.message : String(failure);
  console.error(
    `Debian's etcd-server could not be unpacked, which needs apt-get and dpkg-deb: ${why}`,
  );
  process.exitCode = 1;
}
