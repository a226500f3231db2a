import { UsageError } from './connect.ts';

/**
 * Splits a command line into words as a shell does: spaces part them, '…' keeps everything, "…" keeps all but \" and \\,
 * a backslash keeps the next character. Nothing is expanded and no shell is started, so signals reach the program
 * itself; who wants a shell writes `sh -c "…"`.
 */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  const piece = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/suy;
  let word: string | null = null;
  while (piece.lastIndex < text.length) {
    const at = piece.lastIndex;
    const match = piece.exec(text);
    if (!match)
      throw new UsageError(`--command ${JSON.stringify(text)}: the quote at character ${at + 1} is not closed.`);
    const [whole, single, double, escaped, plain] = match;
    if (/^\s/.test(whole)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + (single ?? double?.replace(/\\(["\\])/g, '$1') ?? escaped ?? plain ?? '');
    }
  }
  if (word !== null) words.push(word);
  if (words.length === 0) throw new UsageError('--command is empty; allowed: a program and its arguments.');
  return words;
}
