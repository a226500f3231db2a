import type { AuditFilters } from '@hearth/contract';
import type { FormEvent } from 'react';
import { Button } from '../../ui/button.tsx';
import { Input, Select } from '../../ui/field.tsx';
import { OUTCOMES } from './audit-outcome.tsx';

const EVERY_OUTCOME = ['done', 'refused', 'unknown'] as const;

/** Which entries are asked for: all of an operation, of what was changed, of an outcome. */
export function AuditFilterBar({ onChange }: { onChange: (filters: AuditFilters) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onChange(filtersIn(new FormData(event.currentTarget)));
  };
  return (
    <search>
      <form onSubmit={submit} className="grid grid-cols-2 gap-2 sm:flex sm:flex-wrap">
        <Input name="operation" aria-label="Operation" placeholder="Operation" className="sm:w-40" />
        <Input name="subject" aria-label="Subject" placeholder="Subject" className="sm:w-40" />
        <Select name="outcome" aria-label="Outcome" onChange={({ target }) => target.form?.requestSubmit()}>
          <option value="">Every outcome</option>
          {EVERY_OUTCOME.map((each) => (
            <option key={each} value={each}>
              {OUTCOMES[each].word}
            </option>
          ))}
        </Select>
        <Button type="submit">Show</Button>
      </form>
    </search>
  );
}

/** What is left empty is no filter. */
function filtersIn(data: FormData): AuditFilters {
  const text = (name: 'operation' | 'subject') => {
    const value = data.get(name);
    return typeof value === 'string' && value.trim() !== '' ? { [name]: value.trim() } : {};
  };
  const outcome = EVERY_OUTCOME.find((each) => each === data.get('outcome'));
  return { ...text('operation'), ...text('subject'), ...(outcome !== undefined && { outcome }) };
}
