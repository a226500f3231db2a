import { Cpu } from 'lucide-react';
import { useMemo } from 'react';
import { type Board, useBoard } from '../../api/board.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { InstanceRow } from './instance-row.tsx';

const HEADS = [
  ['Instance', 'md:w-24'],
  ['Doing', 'md:w-44'],
  ['Deployment', ''],
  ['Host', 'md:w-44 max-md:hidden'],
  ['Hardware', 'md:w-44 max-md:hidden'],
  ['Slots', 'text-right md:w-20'],
  ['Since', 'text-right md:w-32 max-md:hidden'],
] as const;

const instancesOf = (board: Board) => board.instances;

/** The live instances. The list renders anew when one comes or goes; each row looks after itself. */
export function InstanceList() {
  const instances = useBoard(instancesOf);
  const ids = useMemo(() => [...instances.keys()].toSorted((a, b) => (a < b ? 1 : -1)), [instances]);
  if (ids.length === 0)
    return (
      <Card title="Instances">
        <EmptyState icon={<Cpu aria-hidden />} title="Nothing runs">
          An instance boots when a prediction asks for it, or when a deployment is warmed up.
        </EmptyState>
      </Card>
    );
  return (
    <Card title="Instances">
      {/* Nothing here may cut off what is beyond it: the menu of the last row opens below. */}
      <div className="-m-4">
        {/* Of fixed widths: what one cell says then moves no other, and hundreds of rows are laid out once. */}
        <table className="w-full border-collapse text-[13px] md:table-fixed">
          <thead>
            <tr className="border-b border-line text-left text-xs text-ink-muted">
              {HEADS.map(([name, className]) => (
                <th key={name} scope="col" className={`px-4 py-2 font-medium whitespace-nowrap ${className}`}>
                  {name}
                </th>
              ))}
              <th scope="col" className="w-px md:w-12">
                <span className="sr-only">What to do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {ids.map((id) => (
              <InstanceRow key={id} id={id} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
