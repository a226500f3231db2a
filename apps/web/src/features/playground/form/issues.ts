import type { InputSchema, InvalidField } from '@hearth/contract';
import type { ErrorSchema, RJSFValidationError } from '@rjsf/utils';

/** Issues of the api, sorted by where a person meets them. */
export interface PlacedIssues {
  /** As the form wants them. */
  readonly atFields: ErrorSchema;
  /** The same in the form's order, for moving the focus to the first. */
  readonly list: RJSFValidationError[];
  /** Those of inputs that the form does not show. */
  readonly elsewhere: readonly InvalidField[];
}

/** Inputs are `input.<name>` in the api's words, items of a list `input.<name>.<index>`. */
export function placeIssues({ properties }: InputSchema, issues: readonly InvalidField[]): PlacedIssues {
  const atFields: Record<string, ErrorSchema> = {};
  const list: RJSFValidationError[] = [];
  const elsewhere: InvalidField[] = [];
  for (const issue of issues) {
    const [root, name, index] = issue.field.split('.');
    const field = root === 'input' && name !== undefined ? properties[name] : undefined;
    if (name === undefined || field === undefined) {
      elsewhere.push(issue);
      continue;
    }
    const at = (atFields[name] ??= {});
    const row = index !== undefined && field.type === 'array' ? index : null;
    add(row === null ? at : rowOf(at, row), issue.description);
    list.push({
      name: issue.type,
      message: issue.description,
      property: row === null ? `.${name}` : `.${name}.${row}`,
      stack: `${name} ${issue.description}`,
    });
  }
  return { atFields, list, elsewhere };
}

function rowOf(errors: ErrorSchema, row: string): ErrorSchema {
  const rows = errors as Record<string, ErrorSchema>;
  return (rows[row] ??= {});
}

const ERRORS = '__errors';

function add(errors: ErrorSchema, message: string): void {
  errors[ERRORS] = [...(errors[ERRORS] ?? []), message];
}
