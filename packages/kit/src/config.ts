import { z } from 'zod';
import { DURATION_FORMS, durationMs } from './duration.ts';
import { SIZE_FORMS, sizeBytes } from './size.ts';

/** The environment can't be used. The message has one line for each key: its value and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads settings from environment variables; an empty value counts as unset.
 * Give defaults as text with `.prefault('5m')`, so that a default takes the same road as a value.
 * @throws ConfigError for all bad keys at once
 */
export function loadConfig<T extends z.ZodType>(
  schema: T,
  env: Readonly<Record<string, string | undefined>>,
): z.output<T> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const key = issue.path.join('.');
    const value = given[key];
    const found = value === undefined ? 'is not set' : `is ${shown(key, value)}`;
    return `${key} ${found}; allowed: ${allowed(issue)}`;
  });
  throw new ConfigError(lines.join('\n'));
}

/** A whole number from 0 to `most`. */
export const zWholeNumber = (most: number) =>
  fromText(`a whole number from 0 to ${most}`, (text) => (/^\d{1,9}$/.test(text) ? Number(text) : NaN), most);

/** A port number; 0 lets the system choose. */
export const zPort = () => zWholeNumber(65535);

/** A duration in milliseconds, from `5m`, `1h30m` or seconds. */
export const zDuration = () => fromText(DURATION_FORMS, durationMs);

/** A duration in milliseconds, or null for `off`. */
export const zDurationOrOff = () =>
  z.string({ error: `off, or ${DURATION_FORMS}` }).transform((text, context) => {
    if (text === 'off') return null;
    const duration = zDuration().safeParse(text);
    if (duration.success) return duration.data;
    context.addIssue({ code: 'custom', message: `off, or ${DURATION_FORMS}` });
    return z.NEVER;
  });

/** A size in bytes, from `100MiB`, `2GB` or a plain number. */
export const zSize = () => fromText(SIZE_FORMS, sizeBytes);

/** `true`, `1`, `yes`, `on` and their opposites. */
export const zBoolean = () => z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] });

const URL_FORM = 'an absolute URL such as http://localhost:7600';

/** An absolute URL, kept as text without a trailing slash. */
export const zUrl = () =>
  z
    .string({ error: URL_FORM })
    .refine((text) => URL.canParse(text), { error: URL_FORM })
    .transform((text) => text.replace(/\/+$/, ''));

function fromText(what: string, parse: (text: string) => number, max = Number.MAX_SAFE_INTEGER) {
  return z.string({ error: what }).transform((text, context) => {
    const value = parsedOrNaN(parse, text);
    if (value >= 0 && value <= max) return value;
    context.addIssue({ code: 'custom', message: what });
    return z.NEVER;
  });
}

function parsedOrNaN(parse: (text: string) => number, text: string): number {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) return Number.NaN;
    throw error;
  }
}

const SECRET_KEY = /TOKEN|SECRET|PASSWORD|_KEY$/;

function shown(key: string, value: unknown): string {
  if (SECRET_KEY.test(key)) return '[secret]';
  return JSON.stringify(value).replace(/(\/\/[^\s/@:"]*:)[^\s/@"]*@/, '$1[secret]@');
}

function allowed(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return issue.values.join(', ');
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) return `any ${issue.expected}`;
  return issue.message;
}
