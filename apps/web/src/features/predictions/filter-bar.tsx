import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { api } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { Select } from '../../ui/field.tsx';
import { modelsQuery } from '../models/queries.ts';
import { type Filters, SOURCES, type Span, STATUSES, withFilter } from './filters.ts';

const SPAN_NAMES: Record<Span, string> = {
  hour: 'Last hour',
  day: 'Last 24 hours',
  week: 'Last 7 days',
  month: 'Last 30 days',
};

interface FilterBarProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

/** Each choice at once changes the list, and the address. */
export function FilterBar({ filters, onChange }: FilterBarProps) {
  const { data: models = [] } = useQuery(modelsQuery);
  const { data: deployments = [] } = useQuery({ queryKey: ['deployments'], queryFn: () => api.deployments.list() });
  const names = (list: readonly { owner: string; name: string }[]) => list.map(({ owner, name }) => `${owner}/${name}`);
  const choice = (
    name: keyof Filters,
    any: string,
    words: readonly string[],
    nameOf: (word: string) => string = (word) => word,
  ) => (
    <Choice
      any={any}
      words={words}
      nameOf={nameOf}
      value={filters[name]}
      // Each list of words holds what its filter may be.
      onChange={(word) => onChange(withFilter(filters, name, word as Filters[typeof name]))}
    />
  );
  return (
    <search className="mb-4 grid grid-cols-2 items-center gap-2 sm:flex sm:flex-wrap">
      {choice('status', 'Any status', STATUSES)}
      {choice('model', 'Any model', names(models))}
      {deployments.length > 0 && choice('deployment', 'Any deployment', names(deployments))}
      {choice('source', 'Any source', SOURCES)}
      {choice('since', 'Any time', Object.keys(SPAN_NAMES), (span) => SPAN_NAMES[span as Span])}
      {Object.keys(filters).length > 0 && (
        <Button variant="quiet" icon={<X aria-hidden className="size-3.5" />} onClick={() => onChange({})}>
          Clear
        </Button>
      )}
    </search>
  );
}

interface ChoiceProps {
  readonly any: string;
  readonly words: readonly string[];
  readonly nameOf: (word: string) => string;
  readonly value: string | undefined;
  readonly onChange: (word: string) => void;
}

function Choice({ any, words, nameOf, value, onChange }: ChoiceProps) {
  // One of the address that is not in the list any more is still what is asked for.
  const shown = value === undefined || words.includes(value) ? words : [value, ...words];
  return (
    <Select aria-label={any.replace('Any ', '')} value={value ?? ''} onChange={(event) => onChange(event.target.value)}>
      <option value="">{any}</option>
      {shown.map((word) => (
        <option key={word} value={word}>
          {nameOf(word)}
        </option>
      ))}
    </Select>
  );
}
