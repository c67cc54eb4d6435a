/** Passwords for every user of the shipped nats.conf, as it reads them from the environment. */

const users = ["N1", "N2", "N3", "N4", "N5", "N6", "N7", "CLIENT"];

export const brokerPasswords: Readonly<Record<string, string>> = Object.fromEntries(
  users.map((user) => [`SYNOD_NATS_PASSWORD_${user}`, `secret${user}`]),
);

/** The password of a node's user. */
export function passwordOf(node: string): string {
  return `secret${node.toUpperCase()}`;
}
