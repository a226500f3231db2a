import type { FieldSchema, InputSchema } from '@hearth/contract';
import { Badge } from '../../ui/badge.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { hintOf } from '../playground/form/hints.ts';

interface Row {
  readonly name: string;
  readonly field: FieldSchema;
  readonly required: boolean;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    name: 'Name',
    cell: ({ name, required }) => (
      <span className="flex flex-wrap items-center gap-1.5">
        <code className="font-mono">{name}</code>
        {required && <Badge tone="accent">required</Badge>}
      </span>
    ),
  },
  { name: 'Type', cell: ({ field }) => <span className="whitespace-nowrap">{hintOf(field).type}</span> },
  {
    name: 'What it is',
    cell: ({ field }) => {
      const { allowed } = hintOf(field);
      return (
        <div className="max-w-prose min-w-48 [overflow-wrap:anywhere]">
          {field.description}
          {field.enum !== undefined && <p className="text-ink-muted">{field.enum.map(String).join(', ')}</p>}
          {allowed !== null && <p className="text-ink-muted">{allowed}</p>}
        </div>
      );
    },
  },
];

export const InputTable = ({ schema }: { schema: InputSchema }) => (
  <Table
    label="Inputs"
    columns={COLUMNS}
    rows={Object.entries(schema.properties).map(([name, field]) => ({
      name,
      field,
      required: schema.required.includes(name),
    }))}
    rowKey={({ name }) => name}
  />
);
