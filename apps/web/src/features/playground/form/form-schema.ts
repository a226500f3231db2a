import type { FieldSchema, InputSchema } from '@hearth/contract';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import { type Control, controlOf } from './controls.ts';

/** What the form's library is given: what there is, and how each is set. What is allowed is the check's to say. */
export interface FormSchema {
  readonly schema: RJSFSchema;
  readonly uiSchema: UiSchema;
}

/** What rides along with each input, for our own field and templates. */
interface Given {
  readonly control: Control;
  readonly field: FieldSchema;
}

/** Undefined: of the form as a whole. */
export const givenOf = (uiSchema: UiSchema | undefined): Given | undefined =>
  uiSchema?.['ui:options']?.given as Given | undefined;

export function formSchemaOf({ properties, required }: InputSchema): FormSchema {
  const fields = Object.entries(properties);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(fields.map(([name, field]) => [name, shapeOf(field)])),
      required: [...required],
      additionalProperties: false,
    },
    uiSchema: Object.fromEntries(fields.map(([name, field]) => [name, uiOf(field, controlOf(field))])),
  };
}

/**
 * Only what the library needs to find its way; an input is called by its name, as a program calls it. Were defaults among
 * it, it would put them back wherever somebody empties a field; and what it takes for a text it leaves alone.
 */
function shapeOf(field: FieldSchema): RJSFSchema {
  const { description, items = {} } = field;
  return {
    ...(description !== undefined && { description }),
    ...(controlOf(field).kind === 'list' ? { type: 'array', items: shapeOf(items) } : { type: 'string' }),
  };
}

function uiOf(field: FieldSchema, control: Control): UiSchema {
  const options = { 'ui:options': { given: { control, field } satisfies Given } };
  if (control.kind !== 'list') return { 'ui:field': 'control', ...options };
  return { ...options, items: uiOf(field.items ?? {}, control.item) };
}
