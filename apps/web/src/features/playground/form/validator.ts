import type { InputSchema } from '@hearth/contract';
import type { ValidatorType } from '@rjsf/utils';
import { placeIssues } from './issues.ts';
import { type FormValues, issuesOf } from './values.ts';

/** The api's own check behind the form: it refuses what the api would refuse, in its words, and evaluates nothing. */
export function createValidator(schema: InputSchema): ValidatorType<FormValues> {
  return {
    validateFormData(values) {
      const { atFields, list } = placeIssues(schema, issuesOf(schema, values ?? {}));
      return { errors: list, errorSchema: atFields };
    },
    // Asked only to choose among alternatives, and an input's schema is flat: there are none.
    isValid: () => true,
    rawValidation: () => ({}),
  };
}
