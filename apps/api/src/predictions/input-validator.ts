import { createInputCheck, inputSchemaOf } from '@hearth/contract';
import { invalidFields } from '../problem.ts';

type Input = Record<string, unknown>;
/** Answers the input as the container gets it; throws the `invalid-input` problem with a line for each bad field. */
export type InputValidator = (input: Input) => Input;

/** Refuses what does not fit the `Input` schema of a version, or the schema given. */
export function createInputValidator(openapi: unknown, schema = inputSchemaOf(openapi)): InputValidator {
  const check = createInputCheck(schema);
  return (given) => {
    const { input, issues } = check(given);
    if (issues.length > 0) throw invalidFields('invalid-input', issues);
    return input;
  };
}
