import { UsageError } from './connect.ts';

/** An amount of the operator's currency in millionths. @throws UsageError naming the option */
export function micros(option: string, text: string): number {
  const amount = Number(text);
  if (text.trim() === '' || !Number.isFinite(amount)) throw new UsageError(`${option} is "${text}"; write an amount.`);
  return Math.round(amount * 1e6);
}

/** Millionths of the operator's currency, in whole units of it. */
export const money = (amountMicros: number): string => (amountMicros / 1e6).toFixed(6);
