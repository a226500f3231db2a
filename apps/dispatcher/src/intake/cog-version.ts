/**
 * Whether a server takes `context` with a prediction, and hands it to its model: Cog 0.14.11 and later. Servers before it
 * would repeat it in every report, and one that somebody else wrote may refuse what it does not know.
 *
 * @param cogVersion as the image's label says it, or `GET /`
 */
export function takesContext(cogVersion: string): boolean {
  const [, ...numbers] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(cogVersion) ?? [];
  const [major, minor, patch] = numbers.map(Number);
  if (major === undefined || minor === undefined || patch === undefined) return false;
  return major > 0 || minor > 14 || (minor === 14 && patch >= 11);
}
