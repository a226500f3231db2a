import type { Input } from './form/values.ts';

type ReadInput = { readonly ok: true; readonly input: Input } | { readonly ok: false; readonly why: string };

/** An input as somebody types it. */
export function readInput(text: string): ReadInput {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { ok: true, input: value as Input };
    return { ok: false, why: 'An input is an object: {"name": value, …}' };
  } catch (error) {
    return { ok: false, why: `This is not JSON yet: ${error instanceof Error ? error.message : String(error)}` };
  }
}
