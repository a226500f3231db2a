import { InvalidArgumentError } from '@commander-js/extra-typings';

/** A word until it is sent: commander takes a null for an option without a value, and makes an empty text of it. */
export type Limit = number | 'none';

/** What was typed after an option such as --max-in-flight. */
export function limit(text: string): Limit {
  if (text === 'none') return text;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number from 1, or "none".');
  return value;
}

export const limitOrNull = (given: Limit): number | null => (given === 'none' ? null : given);
