/** `1 seed`, `2 seeds`. */
export function countText(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
