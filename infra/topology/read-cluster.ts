/** Reads what a topology says about the cluster as a whole: its name, its subjects, its NATS servers. */
import { topologyDefaults } from "./topology.ts";
import { checkName } from "./read-names.ts";
import { quote, type NamedPlace, type Place, type YamlReader } from "./yaml-reader.ts";

const serversExample = `servers: [${topologyDefaults.server}]`;
const schemes = ["nats:", "tls:"];

export function readCluster(reader: YamlReader, place: NamedPlace | undefined): string {
  const name = place && reader.text(place, "cluster: demo");
  if (place === undefined || name === undefined) return "";
  checkName(reader, name, place.at, "the cluster");
  return name;
}

export function readPrefix(reader: YamlReader, place: NamedPlace | undefined): string {
  const prefix = place && reader.text(place, "prefix: synod");
  if (place === undefined || prefix === undefined) return topologyDefaults.prefix;
  checkName(reader, prefix, place.at, "the prefix");
  // `_INBOX` carries every client's answers; subjects below it must never look like the cluster's own.
  if (prefix.startsWith("_")) {
    reader.report(
      place.at,
      `the prefix is ${quote(prefix)}, and NATS keeps subjects that begin with _ for itself`,
      "begin with a letter or a digit",
    );
  }
  return prefix;
}

export function readServers(reader: YamlReader, place: NamedPlace | undefined): string[] {
  if (place === undefined) return [];
  const example = `nats: { ${serversExample} }`;
  const fields = reader.fields(place, ["servers"], example);
  if (fields === undefined) return [];
  const list = reader.required(fields, "servers", place, serversExample);
  if (list === undefined) return [];
  const servers: string[] = [];
  for (const item of reader.items(list, serversExample) ?? []) {
    const server = readServer(reader, item);
    if (server === undefined) continue;
    if (servers.includes(server)) {
      reader.report(item.at, `the server ${quote(server)} stands twice`, "remove one of the two");
    }
    servers.push(server);
  }
  return servers;
}

function readServer(reader: YamlReader, place: Place): string | undefined {
  const server = reader.text(place, serversExample);
  if (server === undefined) return undefined;
  const fault = faultOfServer(server);
  if (fault !== undefined) {
    reader.report(
      place.at,
      `the server ${quote(server)} ${fault}`,
      `write nats://HOST:PORT or tls://HOST:PORT, as in ${topologyDefaults.server}`,
    );
  }
  return server;
}

function faultOfServer(server: string): string | undefined {
  if (!URL.canParse(server)) return "is no URL";
  const { protocol, hostname, username, password, pathname, search, hash } = new URL(server);
  if (!schemes.includes(protocol)) return "is no URL of a NATS server";
  if (hostname === "") return "names no host";
  if (username !== "" || password !== "") {
    return "carries a password, which does not belong into a file that all machines share";
  }
  if (pathname !== "" && pathname !== "/") return "has a path, which NATS servers do not have";
  return search === "" && hash === "" ? undefined : "has a query, which NATS servers do not have";
}
