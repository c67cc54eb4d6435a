/** A local HTTP server that serves a release of a fake nats-server, well or badly. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { ReleaseArchive } from "../../infra/broker/official-release.ts";
import { fakeBrokerScript, writeProgram } from "./fake-programs.ts";

export type Answer = (request: IncomingMessage, response: ServerResponse, content: Buffer) => void;

export const answerWell: Answer = (_request, response, content) => {
  response.writeHead(200, { "content-length": content.length });
  response.end(content);
};

export interface ReleaseServer {
  readonly baseAddress: string;
  readonly archive: ReleaseArchive;
  /** Paths that were asked for. */
  readonly requests: string[];
  answer: Answer;
  close(): Promise<void>;
}

/** Packs a fake nats-server the way the official releases are packed, and serves it. */
export async function serveRelease(folder: string, version: string): Promise<ReleaseServer> {
  const stem = `nats-server-v${version}-test-machine`;
  writeProgram(join(folder, stem, "nats-server"), fakeBrokerScript(version));
  writeProgram(join(folder, stem, "README.md"), "# not the program");
  const packed = spawnSync("tar", ["-czf", "packed.tar.gz", stem], { cwd: folder });
  if (packed.status !== 0) throw new Error(`tar failed: ${packed.stderr.toString()}`);
  const content = readFileSync(join(folder, "packed.tar.gz"));
  const sha256 = createHash("sha256").update(content).digest("hex");

  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request.url ?? "");
    served.answer(request, response, content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const served: ReleaseServer = {
    baseAddress: `http://127.0.0.1:${port}/download`,
    archive: { stem, version, sha256 },
    requests,
    answer: answerWell,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return served;
}
