import { type FieldKinds, REDACTED, sealSubject } from '@hearth/contract';
import type { Sealer } from '@hearth/kit';
import type { SealedInput } from '@hearth/store';
import { invalidFields } from '../problem.ts';

export interface GuardedInput {
  /** As it is stored and shown: a placeholder for each secret. */
  readonly input: Record<string, unknown>;
  /** Null: no secret was given. */
  readonly sealed: SealedInput | null;
}

/**
 * Takes the secrets out of an input.
 * @throws Problem `invalid-input` where the placeholder itself is given: somebody repeats a prediction as it is shown
 */
export function guardSecrets(
  predictionId: string,
  input: Record<string, unknown>,
  { secrets }: FieldKinds,
  sealer: Sealer,
): GuardedInput {
  const given = Object.entries(input).filter(([name, value]) => secrets.has(name) && value !== null);
  if (given.length === 0) return { input, sealed: null };
  const issues = given
    .filter(([, value]) => [value].flat().includes(REDACTED))
    .map(([name]) => ({
      type: 'secret_redacted',
      field: `input.${name}`,
      description: `${REDACTED} stands for a secret that was given before and is not kept; give it again`,
    }));
  if (issues.length > 0) throw invalidFields('invalid-input', issues);
  const sealed = given.map(([name, value]) => [
    name,
    sealer.seal(JSON.stringify(value), sealSubject(predictionId, name)),
  ]);
  const shown = given.map(([name, value]) => [name, Array.isArray(value) ? value.map(() => REDACTED) : REDACTED]);
  return { input: { ...input, ...Object.fromEntries(shown) }, sealed: Object.fromEntries(sealed) };
}
