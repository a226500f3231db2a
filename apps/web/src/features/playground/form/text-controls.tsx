import type { FieldSchema } from '@hearth/contract';
import { useState } from 'react';
import { Input, Textarea } from '../../../ui/field.tsx';
import type { ControlFieldProps } from './control-field.tsx';
import { defaultOf, fits } from './controls.ts';
import { readJson, writeJson, writeText } from './text-values.ts';

/** An emptied text that has a default is an empty text, where that may be: left out, it would be the default. Another is not set. */
const readText = (text: string, field: FieldSchema): string | undefined =>
  text === '' && !(typeof defaultOf(field) === 'string' && fits(field, '')) ? undefined : text;

export const LineControl = ({ field, value, onChange, element }: ControlFieldProps<'line'>) => (
  <Input
    {...element}
    value={writeText(value)}
    placeholder={writeText(field.default)}
    onChange={(event) => onChange(readText(event.target.value, field))}
  />
);

/** As high as its text, to a point. */
export const TextControl = ({ field, value, onChange, element }: ControlFieldProps<'text'>) => (
  <Textarea
    {...element}
    rows={2}
    value={writeText(value)}
    placeholder={writeText(field.default)}
    onChange={(event) => onChange(readText(event.target.value, field))}
    className="field-sizing-content max-h-96 min-h-10"
  />
);

export const SecretControl = ({ field, value, onChange, element }: ControlFieldProps<'secret'>) => (
  <Input
    {...element}
    type="password"
    // No browser should offer to keep it, or put one in by itself.
    autoComplete="new-password"
    value={writeText(value)}
    onChange={(event) => onChange(readText(event.target.value, field))}
    className="font-mono"
  />
);

type JsonControlProps = Omit<ControlFieldProps, 'control'>;

export function JsonControl({ value, onChange, element }: JsonControlProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const same = typed !== null && JSON.stringify(readJson(typed)) === JSON.stringify(value);
  return (
    <Textarea
      {...element}
      rows={3}
      spellCheck={false}
      value={same ? typed : writeJson(value)}
      placeholder="JSON"
      onChange={(event) => {
        setTyped(event.target.value);
        onChange(readJson(event.target.value));
      }}
      className="field-sizing-content max-h-96 font-mono text-[13px]"
    />
  );
}
