import { inputSchemaOf, trainingInputSchemaOf, type WireModel, type WireVersion } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Lock } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { mayChange, sessionQuery } from '../../api/session.ts';
import { Badge } from '../../ui/badge.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { ModelFacts } from './model-facts.tsx';
import type { ModelTab } from './model-search.ts';
import { ModelTemperature } from './model-temperature.tsx';
import { PlaygroundTabs } from './playground-tabs.tsx';
import { modelQuery, versionQuery } from './queries.ts';

const ExamplesTab = lazy(async () => ({ default: (await import('./examples-tab.tsx')).ExamplesTab }));
const ReadmeTab = lazy(async () => ({ default: (await import('./readme-tab.tsx')).ReadmeTab }));
const VersionsTab = lazy(async () => ({ default: (await import('./versions-tab.tsx')).VersionsTab }));
const TrainTab = lazy(async () => ({ default: (await import('./train-tab.tsx')).TrainTab }));
const SettingsTab = lazy(async () => ({ default: (await import('./settings-tab.tsx')).SettingsTab }));

export function ModelPage() {
  const { owner, name } = useParams({ from: '/app/models/$owner/$name' });
  const { data: model, error, refetch } = useQuery(modelQuery(owner, name));
  return (
    <Page
      title={`${owner}/${name}`}
      above={
        <Link to="/models" className="hover:text-ink">
          Models
        </Link>
      }
      beside={
        model && (
          <>
            <ModelTemperature model={model} />
            {model.visibility === 'private' && <Badge icon={<Lock aria-hidden />}>private</Badge>}
          </>
        )
      }
      description={model?.description}
    >
      {error !== null && model === undefined && <ErrorState error={error} retry={() => void refetch()} />}
      {error === null && model === undefined && <Loading />}
      {model !== undefined && (
        <>
          <ModelFacts model={model} />
          <WithVersion model={model} />
        </>
      )}
    </Page>
  );
}

const Loading = () => (
  <div className="flex flex-col gap-5" role="status" aria-label="The model is on its way">
    <Skeleton className="h-5 w-72" />
    <Skeleton className="h-9" />
    <div className="grid gap-5 lg:grid-cols-2">
      <Skeleton className="h-80" />
      <Skeleton className="h-40" />
    </div>
  </div>
);

/** The newest version comes with the model; another one is fetched. */
function WithVersion({ model }: { model: WireModel }) {
  const { version: asked } = useSearch({ from: '/app/models/$owner/$name' });
  const newest = model.latest_version;
  const other = asked !== undefined && asked !== newest?.id ? asked : null;
  const { data, error, refetch } = useQuery({
    ...versionQuery(model.owner, model.name, other ?? ''),
    enabled: other !== null,
  });
  if (error !== null) return <ErrorState error={error} retry={() => void refetch()} />;
  const version = other === null ? newest : data;
  if (version === undefined) return <Loading />;
  return <ModelTabs model={model} version={version} />;
}

const NAMES: Record<ModelTab, string> = {
  playground: 'Playground',
  api: 'API',
  examples: 'Examples',
  readme: 'Readme',
  versions: 'Versions',
  train: 'Train',
  settings: 'Settings',
};

function ModelTabs({ model, version }: { model: WireModel; version: WireVersion | null }) {
  const search = useSearch({ from: '/app/models/$owner/$name' });
  const navigate = useNavigate({ from: '/models/$owner/$name' });
  const { data: session } = useQuery(sessionQuery);
  const isChangeable = mayChange(session, model.owner);
  const trainable = version !== null && trainingInputSchemaOf(version.openapi_schema) !== null;
  const tabs: ModelTab[] = [
    'playground',
    'api',
    'examples',
    'readme',
    'versions',
    ...(trainable ? (['train'] as const) : []),
    ...(isChangeable ? (['settings'] as const) : []),
  ];
  const { tab = 'playground' } = search;
  const selected = tabs.includes(tab) ? tab : 'playground';
  const select = (next: ModelTab) => {
    const { tab: _left, ...rest } = search;
    void navigate({ search: next === 'playground' ? rest : { ...rest, tab: next } });
  };
  return (
    <Tabs
      label="About this model"
      tabs={tabs.map((id) => ({ id, name: NAMES[id] }))}
      selected={selected}
      onSelect={select}
    >
      {version === null ? (
        selected === 'playground' || selected === 'api' ? (
          <NoVersion model={model} />
        ) : null
      ) : (
        <PlaygroundTabs
          // Another version has other inputs.
          key={`${version.id} ${search.tweak ?? ''}`}
          model={model}
          version={version}
          schema={inputSchemaOf(version.openapi_schema) ?? ANYTHING}
          face={selected}
        />
      )}
      <Suspense fallback={<Skeleton className="h-48" />}>
        {selected === 'examples' && <ExamplesTab model={model} mayChange={isChangeable} />}
        {selected === 'readme' && <ReadmeTab model={model} mayChange={isChangeable} />}
        {selected === 'versions' && <VersionsTab model={model} mayChange={isChangeable} />}
        {selected === 'train' && version !== null && <TrainTab model={model} version={version} />}
        {selected === 'settings' && <SettingsTab model={model} />}
      </Suspense>
    </Tabs>
  );
}

/** Of a version that says nothing of its inputs: the JSON of them can be written. */
const ANYTHING = { properties: {}, required: [] };

const NoVersion = ({ model: { owner, name } }: { model: WireModel }) => (
  <EmptyState title="It has no version yet">
    Give it one with{' '}
    <code className="font-mono text-[13px]">
      hearth models add IMAGE {owner}/{name}
    </code>
    , from where Hearth runs.
  </EmptyState>
);
