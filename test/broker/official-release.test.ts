import { expect, test } from "vitest";
import { compareBrokerVersions, parseBrokerVersion } from "../../infra/broker/broker-version.ts";
import { pinnedVersion, releaseArchiveFor } from "../../infra/broker/official-release.ts";
import { findTarMember } from "../../infra/broker/tar-member.ts";

test("each platform gets its own archive, with a checksum of its own", () => {
  const stems = [
    ["linux", "x64", "linux-amd64"],
    ["linux", "arm64", "linux-arm64"],
    ["linux", "ia32", "linux-386"],
    ["linux", "ppc64", "linux-ppc64le"],
    ["linux", "s390x", "linux-s390x"],
    ["linux", "loong64", "linux-loong64"],
    ["darwin", "x64", "darwin-amd64"],
    ["darwin", "arm64", "darwin-arm64"],
  ] as const;
  const checksums = stems.map(([system, architecture, target]) => {
    const archive = releaseArchiveFor({ system, architecture, armVersion: undefined });
    expect(archive?.stem).toBe(`nats-server-v${pinnedVersion}-${target}`);
    expect(archive?.sha256).toMatch(/^[0-9a-f]{64}$/);
    return archive?.sha256;
  });
  expect(new Set(checksums).size).toBe(stems.length);
});

test("on arm the archive is the one for the instruction set Node was built for", () => {
  const stemFor = (armVersion: number) =>
    releaseArchiveFor({ system: "linux", architecture: "arm", armVersion })?.stem;
  expect(stemFor(6)).toBe(`nats-server-v${pinnedVersion}-linux-arm6`);
  expect(stemFor(7)).toBe(`nats-server-v${pinnedVersion}-linux-arm7`);
});

test("a platform without a checksum gets no archive", () => {
  const unknown = { system: "win32", architecture: "x64", armVersion: undefined };
  expect(releaseArchiveFor(unknown)).toBeUndefined();
  expect(releaseArchiveFor({ ...unknown, system: "linux", architecture: "mips" })).toBeUndefined();
});

test("versions are ordered by number, not by text", () => {
  expect(compareBrokerVersions("2.9.10", "2.9.9")).toBeGreaterThan(0);
  expect(compareBrokerVersions("2.10.0", "2.9.99")).toBeGreaterThan(0);
  expect(compareBrokerVersions("2.9.0", "2.9.0")).toBe(0);
  expect(compareBrokerVersions("1.99.0", "2.0.0")).toBeLessThan(0);
});

test("the version is read from what servers print, old and new", () => {
  expect(parseBrokerVersion("nats-server: v2.9.10\n")).toBe("2.9.10");
  expect(parseBrokerVersion("nats-server: v2.14.0-dev")).toBe("2.14.0");
  expect(parseBrokerVersion("nats-server version 2")).toBeUndefined();
  expect(parseBrokerVersion("")).toBeUndefined();
});

test("an archive that breaks off, or is none, is an error and not a missing file", () => {
  const header = Buffer.alloc(512);
  header.write("folder/file");
  header.write("00000000144\0", 124);
  header.write("0", 156);
  const whole = Buffer.concat([header, Buffer.alloc(512, "x"), Buffer.alloc(1024)]);
  expect(findTarMember(whole, "folder/file")?.toString()).toBe("x".repeat(100));
  expect(findTarMember(whole, "folder/other")).toBeUndefined();
  expect(() => findTarMember(whole.subarray(0, 600), "folder/file")).toThrow("breaks off");
  expect(() => findTarMember(Buffer.alloc(1024, "x"), "folder/file")).toThrow("no tar archive");
});
