/**
 * Machines on a network of their own: each is a network namespace with one interface, and all interfaces end in a
 * bridge, which lies in the namespace of one more machine, the hub. Nothing of it touches the host's own network.
 */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { systemClock } from "../../../infra/clock/system-clock.ts";
import { GuardedChild } from "../../../infra/processes/guarded-child.ts";
import { waitUntil } from "../../support/wait-until.ts";

const run = promisify(execFile);
const stopTimeoutMs = 10_000;
/** Inside the namespaces only: it may be in use outside. */
const network = "10.77.0";

export interface Program {
  readonly lines: readonly string[];
  readonly endedBecause: string | undefined;
  kill(): Promise<void>;
}

export class Machines {
  readonly hub = "hub";
  readonly hubAddress = `${network}.1`;
  readonly #names: readonly string[];
  readonly #programs: Program[] = [];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  make(): void {
    for (const name of [this.hub, ...this.#names]) {
      ip("netns", "add", namespace(name));
      ip("-n", namespace(name), "link", "set", "lo", "up");
    }
    const hub = namespace(this.hub);
    ip("-n", hub, "link", "add", "bridge", "type", "bridge");
    ip("-n", hub, "address", "add", `${this.hubAddress}/24`, "dev", "bridge");
    ip("-n", hub, "link", "set", "bridge", "up");
    for (const [index, name] of this.#names.entries()) {
      const own = namespace(name);
      ip("-n", hub, "link", "add", name, "type", "veth", "peer", "name", "net", "netns", own);
      ip("-n", hub, "link", "set", name, "master", "bridge", "up");
      ip("-n", own, "address", "add", `${network}.${index + 11}/24`, "dev", "net");
      ip("-n", own, "link", "set", "net", "up");
    }
  }

  /** Whatever the machine sends or is sent is lost, as with its cable pulled. */
  cut(name: string): void {
    ip("-n", namespace(this.hub), "link", "set", name, "down");
  }

  mend(name: string): void {
    ip("-n", namespace(this.hub), "link", "set", name, "up");
  }

  /** A program that goes on running there. */
  start(
    machine: string,
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    workingDirectory: string,
  ): Program {
    const lines: string[] = [];
    let endedBecause: string | undefined;
    const child = new GuardedChild(
      {
        command: "ip",
        args: ["netns", "exec", namespace(machine), ...command],
        environment: { ...process.env, ...environment },
        workingDirectory,
        stopTimeoutMs,
        onLine: (line) => lines.push(line),
      },
      systemClock,
      (reason) => {
        endedBecause = reason;
      },
    );
    const program: Program = {
      lines,
      get endedBecause() {
        return endedBecause;
      },
      async kill() {
        child.kill();
        await waitUntil(`${command[0]} on ${machine} ends`, () => endedBecause !== undefined);
      },
    };
    this.#programs.push(program);
    return program;
  }

  /** Runs a command there and answers with what it printed. */
  async command(machine: string, command: readonly string[]): Promise<string> {
    const { stdout } = await run("ip", ["netns", "exec", namespace(machine), ...command], {
      timeout: 30_000,
    });
    return stdout;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
    for (const name of [this.hub, ...this.#names]) ip("netns", "delete", namespace(name));
  }
}

function namespace(name: string): string {
  return `synod-test-${process.pid}-${name}`;
}

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: "pipe" });
}
