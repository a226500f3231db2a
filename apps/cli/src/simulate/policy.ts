import { InvalidArgumentError } from '@commander-js/extra-typings';
import { durationMs } from '@hearth/kit';
import type { SimDeployment } from '@hearth/sim';

/** A keep-alive, and its name in the table. */
export interface Policy {
  readonly name: string;
  readonly keepAlive: SimDeployment['policy']['keepAlive'];
}

const FORMS = 'fixed:5m (or another duration), auto, until-needed';

/** Adds one to those that were given before it. */
export function policyOption(text: string, before: readonly Policy[] = []): readonly Policy[] {
  if (text === 'auto' || text === 'until-needed') return [...before, { name: text, keepAlive: { kind: text } }];
  const fixed = /^fixed:(.+)$/.exec(text)?.[1];
  if (fixed === undefined) throw new InvalidArgumentError(`allowed: ${FORMS}`);
  return [...before, { name: text, keepAlive: { kind: 'fixed', ms: durationOption(fixed) } }];
}

export const DEFAULT_POLICIES = ['fixed:5m', 'auto', 'until-needed'].reduce<readonly Policy[]>(
  (before, text) => policyOption(text, before),
  [],
);

/** As commander wants it said: it puts the option's name before it. */
export function durationOption(text: string): number {
  try {
    return durationMs(text);
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
