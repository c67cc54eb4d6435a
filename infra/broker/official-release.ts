/** The nats-server release that is fetched where no package manager helps, with the checksum of each archive. */

export interface ReleaseArchive {
  /** Name of the archive, and of the folder in it, without `.tar.gz`. */
  readonly stem: string;
  readonly version: string;
  /** Of the `.tar.gz`, in hexadecimal. */
  readonly sha256: string;
}

export interface Platform {
  readonly system: string;
  readonly architecture: string;
  /** Only on `arm`: the instruction set Node itself was built for, 6 or 7. */
  readonly armVersion: number | undefined;
}

export const officialReleases = "https://github.com/nats-io/nats-server/releases/download";

export const pinnedVersion = "2.14.3";

/** From the release's SHA256SUMS. A platform that is not listed gets no download, rather than an unchecked one. */
const checksums: Readonly<Record<string, string>> = {
  "darwin-amd64": "effa518fe623433d7c3321991db419bb1e00aa9b19ae761b559b580434afc3ab",
  "darwin-arm64": "e086395457a7a93a440433a446c9f161f917d35c0374640555123e8d8d4b7fe9",
  "linux-386": "071d031273136987af2da68103bd1080fbdd463b244c703388d0164726b17357",
  "linux-amd64": "f3d0c820c749f81d717310fb00d4903919e70e3e66b268bd352a088b9788eb93",
  "linux-arm6": "95d285b170a1417121fbb62ec5c9b618552855d072f48be86cd4d11544227704",
  "linux-arm64": "1759b6a0ddebade9471b7c02891dfaa8c73b526c6f3ce391d4e21ec3eceffab8",
  "linux-arm7": "d70d6de7ad0d587ad3047f4516a054f64b693edb79894d7ec0a2d176be31f6cf",
  "linux-loong64": "9a69c1fd01d290695cef2e33412e0e3ad4fe8e4af03faf0be137cd7e287bd55b",
  "linux-ppc64le": "12b4ecc73e7023b501a374913c7e70f7487107743dbab7cc7da627348b87f9d3",
  "linux-s390x": "be525fec7cf3dac23e9617ca2b4b3767e79b1f684a456f3a2e85e1b3d40a6da9",
};

/** Node's names of architectures, in the release's words. */
const architectures: Readonly<Record<string, string>> = {
  arm64: "arm64",
  ia32: "386",
  loong64: "loong64",
  // Node runs on the little-endian variant only.
  ppc64: "ppc64le",
  s390x: "s390x",
  x64: "amd64",
};

export function thisPlatform(): Platform {
  const variables: Readonly<Record<string, unknown>> = { ...process.config.variables };
  const armVersion = variables["arm_version"];
  return {
    system: process.platform,
    architecture: process.arch,
    armVersion: armVersion === undefined ? undefined : Number(armVersion),
  };
}

/** Undefined for a platform without a pinned checksum. */
export function releaseArchiveFor(platform: Platform): ReleaseArchive | undefined {
  const architecture =
    platform.architecture === "arm"
      ? `arm${platform.armVersion ?? ""}`
      : architectures[platform.architecture];
  const target = `${platform.system}-${architecture ?? ""}`;
  const sha256 = checksums[target];
  if (sha256 === undefined) return undefined;
  return { stem: `nats-server-v${pinnedVersion}-${target}`, version: pinnedVersion, sha256 };
}
