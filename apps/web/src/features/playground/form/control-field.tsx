import type { FieldSchema } from '@hearth/contract';
import type { FieldProps } from '@rjsf/utils';
import { useCallback } from 'react';
import { ChoiceControl, SwitchControl } from './choice-controls.tsx';
import type { Control } from './controls.ts';
import { FileControl } from './file-control.tsx';
import { FilesControl } from './files-control.tsx';
import { givenOf } from './form-schema.ts';
import { NumberControl, SliderControl } from './number-controls.tsx';
import { JsonControl, LineControl, SecretControl, TextControl } from './text-controls.tsx';

/** What every control is given. Undefined is a value too: nothing stands there. */
export interface ControlFieldProps<Kind extends Control['kind'] = Control['kind']> {
  readonly control: Extract<Control, { kind: Kind }>;
  readonly field: FieldSchema;
  readonly required: boolean;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** For the element that takes the focus. */
  readonly element: {
    readonly id: string;
    readonly 'aria-describedby': string;
    readonly 'aria-invalid': true | undefined;
    readonly 'aria-required': true | undefined;
    /** In place of a label: of what consists of several elements, and of items. */
    readonly 'aria-label': string | undefined;
  };
}

/** Any input that is not a list of inputs. */
export function ControlField({ fieldPathId, formData, onChange, required, rawErrors, uiSchema, name }: FieldProps) {
  const { $id: id, path } = fieldPathId;
  const change = useCallback((value: unknown) => onChange(value, path), [onChange, path]);
  const given = givenOf(uiSchema);
  if (given === undefined) throw new Error(`the form says nothing of ${name}`);
  const { control, field } = given;
  const row = path.at(-1);
  const label = typeof row === 'number' ? `${name.replace(/-\d+$/, '')} ${row + 1}` : name;
  const props = {
    field,
    required: required === true,
    value: formData as unknown,
    onChange: change,
    element: {
      id,
      'aria-describedby': `${id}-hint ${id}-wrong`,
      'aria-invalid': rawErrors !== undefined && rawErrors.length > 0 ? (true as const) : undefined,
      'aria-required': required === true ? (true as const) : undefined,
      'aria-label': typeof row === 'number' ? label : undefined,
    },
  };
  switch (control.kind) {
    case 'choice':
      return <ChoiceControl {...props} control={control} />;
    case 'switch':
      return <SwitchControl {...props} control={control} />;
    case 'slider':
      return <SliderControl {...props} control={control} />;
    case 'number':
      return <NumberControl {...props} control={control} />;
    case 'file':
      return <FileControl {...props} control={control} />;
    case 'files':
      return <FilesControl {...props} control={control} />;
    case 'secret':
      return <SecretControl {...props} control={control} />;
    case 'line':
      return <LineControl {...props} control={control} />;
    case 'text':
      return <TextControl {...props} control={control} />;
    default:
      return <JsonControl {...props} />;
  }
}
