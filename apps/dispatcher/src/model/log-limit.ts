/** Of what is kept, so much is from the beginning: what stands there explains the rest, and the end says how it went. */
const BEGINNING = 3 / 4;

/**
 * So much of a log as is kept. While a run goes on (`whole: false`) that is its beginning, which never changes again, so
 * that readers of its stream can be told more and more of it; at the end its last part follows a note.
 */
export function keptLog(log: string, maxChars: number, whole: boolean): string {
  const beginning = Math.floor(maxChars * BEGINNING);
  if (!whole) return log.slice(0, beginning);
  if (log.length <= maxChars) return log;
  const end = maxChars - beginning;
  const leftOut = log.length - beginning - end;
  return `${log.slice(0, beginning)}\n[${leftOut} characters of this log are left out here: HEARTH_MAX_LOGS is ${maxChars}]\n${log.slice(log.length - end)}`;
}
