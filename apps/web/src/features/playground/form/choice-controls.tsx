import type { FieldSchema } from '@hearth/contract';
import { Select, Switch } from '../../../ui/field.tsx';
import type { ControlFieldProps } from './control-field.tsx';
import { writeText } from './text-values.ts';

/** Choices may be numbers, so the element's values are their places. */
export function ChoiceControl({ control, field, required, value, onChange, element }: ControlFieldProps<'choice'>) {
  const { choices } = control;
  const at = choices.indexOf(value);
  const foreign = at === -1 && value !== undefined;
  return (
    <Select
      {...element}
      value={at === -1 ? '' : String(at)}
      onChange={(event) => onChange(event.target.value === '' ? undefined : choices[Number(event.target.value)])}
    >
      <option value="" disabled={required}>
        {foreign ? `${writeText(value)} (not a choice)` : required ? 'Choose…' : unsetWords(field)}
      </option>
      {choices.map((choice, index) => (
        <option key={String(choice)} value={index}>
          {String(choice)}
        </option>
      ))}
    </Select>
  );
}

/** What holds where nothing is set. */
const unsetWords = ({ default: value }: FieldSchema): string =>
  value === undefined || value === null ? 'Not set' : `Default (${writeText(value)})`;

export const SwitchControl = ({ field, value, onChange, element }: ControlFieldProps<'switch'>) => {
  const { id, ...aria } = element;
  return (
    <span className="flex items-center gap-2">
      <Switch {...aria} id={id} aria-labelledby={`${id}-name`} checked={value === true} onChange={onChange} />
      <span className="text-[13px] text-ink-muted">
        {value === true ? 'on' : value === false ? 'off' : unsetWords(field).toLowerCase()}
      </span>
    </span>
  );
};
