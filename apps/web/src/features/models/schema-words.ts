import { type FieldSchema, isConcatenatedOutput, isIteratorOutput } from '@hearth/contract';
import { typeWords } from '../playground/form/hints.ts';

/** What a version gives, in a sentence. */
export function outputWords(output: FieldSchema | null): string {
  if (output === null) return 'Its schema does not say what it gives.';
  if (isIteratorOutput(output)) {
    const items = output.items === undefined ? 'anything' : typeWords(output.items);
    return isConcatenatedOutput(output)
      ? 'Text, piece by piece as it is made.'
      : `Items as they are made: each ${items}.`;
  }
  if (output.properties !== undefined) {
    const fields = Object.entries(output.properties).map(([name, field]) => `${name} (${typeWords(field)})`);
    return `An object with ${fields.join(', ')}.`;
  }
  return `One value: ${typeWords(output)}.`;
}
