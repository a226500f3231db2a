import { REDACTED, sealSubject } from '@hearth/contract';
import { SealBroken, type Sealer } from '@hearth/kit';
import type { PredictionRow, SealedInput } from '@hearth/store';

/** What a run knows of its secrets. */
export interface Secrets {
  /** The input with the secrets in their places. */
  revealed(input: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** A text of the model's, without them. `whole: false`: more of it follows, and what may be the beginning of one waits. */
  redacted(text: string, whole: boolean): string;
}

export const NO_SECRETS: Secrets = { revealed: (input) => ({ ...input }), redacted: (text) => text };

/** A secret of a prediction cannot be had. The message is for its caller. */
export class SecretGone extends Error {
  override readonly name = 'SecretGone';
}

/** @throws SecretGone */
export function openSecrets(sealed: SealedInput, predictionId: string, sealer: Sealer): Secrets {
  const values = Object.fromEntries(
    Object.entries(sealed).map(([name, text]) => [name, JSON.parse(opened(sealer, text, predictionId, name))]),
  );
  return { revealed: (input) => ({ ...input, ...values }), redacted: createRedactor(stringsIn(values)) };
}

function opened(sealer: Sealer, sealed: string, predictionId: string, name: string): string {
  try {
    return sealer.open(sealed, sealSubject(predictionId, name));
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new SecretGone(`The secret input.${name} cannot be read any more: ${error.message} (HEARTH_SECRET_KEY).`);
  }
}

/** @throws SecretGone where an input that is a secret holds the placeholder and nothing was kept for it */
export function checkKept(
  { input }: Pick<PredictionRow, 'input'>,
  secretFields: ReadonlySet<string>,
  sealed: SealedInput,
): void {
  for (const name of secretFields)
    if ([input[name]].flat().includes(REDACTED) && !Object.hasOwn(sealed, name))
      throw new SecretGone(`The secret input.${name} is not kept any more. Make the prediction again.`);
}

/** Shorter ones stand in any text by chance. */
const SHORTEST_REDACTED = 8;

/**
 * Replaces these texts by a placeholder. A text that grows is replaced alike however much of it has come: what was answered
 * for a part is the beginning of what is answered for more.
 */
export function createRedactor(secrets: readonly string[]): Secrets['redacted'] {
  const hidden = secrets.filter(({ length }) => length >= SHORTEST_REDACTED).toSorted((a, b) => b.length - a.length);
  if (hidden.length === 0) return (text) => text;
  const anyOf = new RegExp(hidden.map((secret) => secret.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('|'), 'g');
  return (text, whole) => {
    const beginnings = whole ? [] : beginningsAtEnd(hidden, text);
    let [shown, at] = ['', 0];
    for (const { 0: found, index } of text.matchAll(anyOf)) {
      // What begins here or before it may turn out to be another one, and a longer.
      if (beginnings.some((start) => start >= at && start <= index)) break;
      shown += text.slice(at, index) + REDACTED;
      at = index + found.length;
    }
    return (
      shown +
      text.slice(
        at,
        beginnings.find((start) => start >= at),
      )
    );
  };
}

/** Where in a text something begins, in order, that may become a secret with more of the text. */
function beginningsAtEnd(secrets: readonly string[], text: string): number[] {
  const starts = secrets.flatMap((secret) =>
    Array.from({ length: Math.min(secret.length - 1, text.length) }, (_, at) => at + 1)
      .filter((length) => text.endsWith(secret.slice(0, length)))
      .map((length) => text.length - length),
  );
  return starts.toSorted((a, b) => a - b);
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
