import { Select, Switch } from '../../../ui/field.tsx';
import type { ControlFieldProps } from './control-field.tsx';

/** Choices may be numbers, so the element's values are their places. */
export function ChoiceControl({ control, required, value, onChange, element }: ControlFieldProps<'choice'>) {
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
        {foreign ? `${String(value)} (not a choice)` : required ? 'Choose…' : 'Not set'}
      </option>
      {choices.map((choice, index) => (
        <option key={String(choice)} value={index}>
          {String(choice)}
        </option>
      ))}
    </Select>
  );
}

export const SwitchControl = ({ value, onChange, element }: ControlFieldProps<'switch'>) => {
  const { id, ...aria } = element;
  return (
    <span className="flex items-center gap-2">
      <Switch {...aria} id={id} aria-labelledby={`${id}-name`} checked={value === true} onChange={onChange} />
      <span className="text-[13px] text-ink-muted">{value === true ? 'on' : value === false ? 'off' : 'not set'}</span>
    </span>
  );
};
