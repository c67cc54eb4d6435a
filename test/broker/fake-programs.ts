/** Small shell scripts that stand in for nats-server and the package tools. */
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), "synod-broker-"));
}

export function writeProgram(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

export function fakeBrokerScript(version: string): string {
  return `echo "nats-server: v${version}"`;
}

export function writeFakeBroker(path: string, version: string): string {
  return writeProgram(path, fakeBrokerScript(version));
}
