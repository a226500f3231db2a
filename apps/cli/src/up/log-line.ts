import pc from 'picocolors';
import { z } from 'zod';
import { jsonOrNull } from '../json.ts';

/** pino's numbers. */
const LEVELS = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: Number.POSITIVE_INFINITY,
} as const;
export type LogLevel = keyof typeof LEVELS;

const lineSchema = z.object({
  level: z.number(),
  msg: z.string().default(''),
  err: z.object({ message: z.string().optional(), stack: z.string().optional() }).optional(),
});

/**
 * A line of a server's log as the console of `up` shows it, or null when it is not worth showing: warnings and errors,
 * and everything when somebody asked for `debug` or `trace`. What is no JSON (a crash's last words) is shown as it is.
 */
export function consoleLine(room: string, line: string, level: LogLevel): string | null {
  if (line.trim() === '') return null;
  const parsed = lineSchema.safeParse(jsonOrNull(line));
  if (!parsed.success) return `${pc.dim(room)}: ${line}`;
  const { level: spoken, msg, err } = parsed.data;
  const threshold = LEVELS[level] < LEVELS.info ? LEVELS[level] : Math.max(LEVELS[level], LEVELS.warn);
  if (spoken < threshold) return null;
  const why = err?.message ? ` (${err.message})` : '';
  const stack = spoken >= LEVELS.fatal && err?.stack ? `\n${err.stack}` : '';
  return `${painted(spoken)(levelName(spoken))} ${pc.dim(room)}: ${msg}${why}${stack}`;
}

const levelName = (level: number): string =>
  Object.entries(LEVELS).findLast(([, number]) => number <= level)?.[0] ?? String(level);

function painted(level: number): (text: string) => string {
  if (level >= LEVELS.error) return pc.red;
  return level >= LEVELS.warn ? pc.yellow : pc.dim;
}
