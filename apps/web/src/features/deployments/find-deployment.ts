import type { BoardDeployment } from '@hearth/contract';

/** The deployment that a name stands for: one that a user made before the one that runs a bare model. As the API has it. */
export function deploymentNamed(all: Iterable<BoardDeployment>, reference: string): BoardDeployment | undefined {
  return [...all]
    .filter(({ deployment, mode }) => deployment === reference && mode === 'predict')
    .toSorted((a, b) => Number(a.implicit) - Number(b.implicit) || (a.id < b.id ? 1 : -1))[0];
}

/** Those that users made, and those that run bare models, each by name. Trainings' own are told of with their model. */
export function partedByMaker(all: Iterable<BoardDeployment>): { made: BoardDeployment[]; bare: BoardDeployment[] } {
  const listed = [...all]
    .filter(({ mode }) => mode === 'predict')
    .toSorted((a, b) => (a.deployment < b.deployment ? -1 : 1));
  return { made: listed.filter(({ implicit }) => !implicit), bare: listed.filter(({ implicit }) => implicit) };
}

/** `300` → `5 min`; `auto` as it is. */
export const keepAliveWords = (value: BoardDeployment['keep_alive']): string => {
  if (typeof value === 'string') return value === 'auto' ? 'as learned' : 'until its room is needed';
  return value < 60
    ? `${value} s`
    : value % 60 === 0
      ? `${value / 60} min`
      : `${Math.floor(value / 60)} min ${value % 60} s`;
};
