import type { InputSchema, InvalidField } from '@hearth/contract';
// The package's own entry brings its test helpers along, and with them a validator that evaluates.
import Form from '@rjsf/core/lib/components/Form.js';
import type { ErrorSchema, RJSFSchema } from '@rjsf/utils';
import { useMemo } from 'react';
import { ControlField } from './control-field.tsx';
import { formSchemaOf } from './form-schema.ts';
import { placeIssues } from './issues.ts';
import { FieldTemplate, ItemTemplate, ListTemplate, ObjectTemplate } from './templates.tsx';
import { createValidator } from './validator.ts';
import { type FormValues, tidied } from './values.ts';

export interface InputFormProps {
  /** For a button outside of the form: its `form`. */
  readonly id: string;
  readonly schema: InputSchema;
  readonly values: FormValues;
  readonly onChange: (values: FormValues) => void;
  /** With values that the api's check takes. */
  readonly onSubmit: (values: FormValues) => void;
  /** What the api refused of these values. */
  readonly refused: readonly InvalidField[];
}

const NOTHING_MORE = (): void => undefined;

const FIELDS = { control: ControlField };
const TEMPLATES = {
  FieldTemplate,
  ObjectFieldTemplate: ObjectTemplate,
  ArrayFieldTemplate: ListTemplate,
  ArrayFieldItemTemplate: ItemTemplate,
};

/** A form for the inputs of a version. Nothing is said of a field before somebody submits; from then on at every change. */
export function InputForm({ id, schema, values, onChange, onSubmit, refused }: InputFormProps) {
  const form = useMemo(() => formSchemaOf(schema), [schema]);
  const validator = useMemo(() => createValidator(schema), [schema]);
  const refusals = useMemo(() => placeIssues(schema, refused).atFields as ErrorSchema<FormValues>, [schema, refused]);
  return (
    <Form<FormValues, RJSFSchema>
      id={id}
      idPrefix={id}
      schema={form.schema}
      uiSchema={form.uiSchema}
      formData={values}
      validator={validator}
      fields={FIELDS}
      templates={TEMPLATES}
      extraErrors={refusals}
      onChange={({ formData = {} }) => onChange(formData)}
      onSubmit={({ formData = {} }) => onSubmit(tidied(formData))}
      // Else it is written to the console; whoever filled it in reads it at the fields.
      onError={NOTHING_MORE}
      noHtml5Validate
      showErrorList={false}
      focusOnFirstError={({ property = '' }) => document.getElementById(id + property.replaceAll('.', '_'))?.focus()}
    >
      {/* The button that runs it stands beside the form. */}
      <button type="submit" hidden aria-hidden tabIndex={-1} />
    </Form>
  );
}
