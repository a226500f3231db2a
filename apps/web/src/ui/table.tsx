import type { ReactNode } from 'react';
import { cx } from './class-names.ts';

export interface Column<Row> {
  /** Heads the column; for a column of buttons what they are, seen by screen readers only. */
  readonly name: string;
  readonly hideName?: boolean;
  /** Right for numbers. */
  readonly align?: 'left' | 'right';
  /** Left out on a phone, where the row is known without it. */
  readonly wideOnly?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

interface TableProps<Row> {
  /** What the rows are. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** On a phone each row is a block, with the name of each column beside its value: for what would not fit beside each other. */
  readonly stacks?: boolean;
}

const cellClass = <Row,>({ align, wideOnly }: Column<Row>): string =>
  cx('px-4 py-2.5', align === 'right' ? 'text-right tabular' : 'text-left', wideOnly && 'max-md:hidden');

/** Rows that all fit on a page; for thousands take VirtualList. Scrolls sideways by itself where it has no room. */
export function Table<Row>({ label, columns, rows, rowKey, stacks = false }: TableProps<Row>) {
  return (
    // `relative`: what only screen readers see is placed within it, and would else widen the page.
    <div className="relative overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table className={cx('w-full border-collapse text-[13px]', stacks && 'max-md:block')}>
        <thead className={stacks ? 'max-md:sr-only' : undefined}>
          <tr className="border-b border-line text-xs text-ink-muted">
            {columns.map((column) => (
              <th key={column.name} scope="col" className={cx(cellClass(column), 'py-2 font-medium whitespace-nowrap')}>
                {column.hideName ? <span className="sr-only">{column.name}</span> : column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className={stacks ? 'max-md:block' : undefined}>
          {rows.map((row) => (
            <tr
              key={rowKey(row)}
              className={cx(
                'border-b border-line last:border-0 hover:bg-hover/60',
                stacks && 'max-md:block max-md:py-2',
              )}
            >
              {columns.map((column) =>
                stacks ? (
                  <StackedCell key={column.name} column={column} row={row} />
                ) : (
                  <td key={column.name} className={cellClass(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One that says nothing takes no line on a phone. */
const StackedCell = <Row,>({ column, row }: { column: Column<Row>; row: Row }) => (
  <td
    className={cx(
      cellClass(column),
      !column.wideOnly &&
        'max-md:flex max-md:items-baseline max-md:gap-3 max-md:py-1 max-md:text-left max-md:has-[>div:empty]:hidden',
    )}
  >
    {!column.hideName && (
      <span aria-hidden className="w-20 shrink-0 text-xs text-ink-muted md:hidden">
        {column.name}
      </span>
    )}
    <div className="min-w-0 flex-1 md:contents">{column.cell(row)}</div>
  </td>
);
