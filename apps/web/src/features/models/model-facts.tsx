import type { WireModel } from '@hearth/contract';
import type { ReactNode } from 'react';
import { formatCompact } from '../../ui/format.ts';
import { RelativeTime } from '../../ui/time.tsx';
import { measuredWords } from './measured.ts';

/** One line of what is known of a model. */
export function ModelFacts({ model }: { model: WireModel }) {
  const { run_count: runs, hardware, latest_version: version } = model;
  const facts: [name: string, fact: ReactNode][] = [
    ['runs', runs === 1 ? '1 run' : `${formatCompact(runs)} runs`],
    ['measured', measuredWords(model) ?? 'not run yet, so no estimate of its price'],
    ['hardware', `on ${hardware}`],
  ];
  if (version !== null) {
    const updated = (
      <>
        updated <RelativeTime at={version.created_at} />
      </>
    );
    facts.push(['updated', updated]);
  }
  return (
    <ul className="mb-4 flex flex-wrap gap-x-4 gap-y-1 text-[13px] text-ink-muted tabular">
      {facts.map(([name, fact]) => (
        <li key={name}>{fact}</li>
      ))}
      {linksOf(model).map(([name, url]) => (
        <li key={name}>
          <a
            href={url}
            target="_blank"
            rel="noreferrer"
            className="underline decoration-line-strong underline-offset-2 hover:text-ink"
          >
            {name}
          </a>
        </li>
      ))}
    </ul>
  );
}

function linksOf({ github_url, paper_url, license_url, weights_url }: WireModel): [name: string, url: string][] {
  const all = [
    ['GitHub', github_url],
    ['Paper', paper_url],
    ['License', license_url],
    ['Weights', weights_url],
  ] as const;
  return all.flatMap(([name, url]) => (url === null ? [] : [[name, url]]));
}
