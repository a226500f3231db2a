import type { WireModel } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Boxes, Search } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Input } from '../../ui/field.tsx';
import { formatCompact } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { Cover } from './cover.tsx';
import { measuredWords } from './measured.ts';
import { ModelTemperature } from './model-temperature.tsx';
import { modelsQuery, searchQuery } from './queries.ts';

export function ModelsPage() {
  const { q = '' } = useSearch({ from: '/app/models' });
  const navigate = useNavigate({ from: '/models' });
  const [typed, setTyped] = useState(q);
  const text = useDeferredValue(typed.trim());
  const all = useQuery(modelsQuery);
  const found = useQuery(searchQuery(text));
  const search = (next: string) => {
    setTyped(next);
    void navigate({ search: next.trim() === '' ? {} : { q: next.trim() }, replace: true });
  };
  const { data: models, error, refetch } = text === '' ? all : found;
  return (
    <Page title="Models" description="Everything that can be run here.">
      <label className="relative mb-5 block max-w-md">
        <span className="sr-only">Search models</span>
        <Search
          aria-hidden
          className="pointer-events-none absolute top-1/2 left-3 size-4 -translate-y-1/2 text-ink-faint"
        />
        <Input
          type="search"
          placeholder="Search models"
          value={typed}
          onChange={(event) => search(event.target.value)}
          className="pl-9"
        />
      </label>
      {error !== null && models === undefined && <ErrorState error={error} retry={() => void refetch()} />}
      {error === null && models === undefined && <Loading />}
      {models !== undefined && models.length > 0 && <Catalogue models={models} />}
      {models?.length === 0 && (text === '' ? <NoModels /> : <NothingFound text={text} />)}
    </Page>
  );
}

const GRID = 'grid gap-4 sm:grid-cols-2 xl:grid-cols-3';

const Catalogue = ({ models }: { models: readonly WireModel[] }) => (
  <ul className={GRID} aria-label="Models">
    {models.map((model) => (
      <li key={model.url}>
        <ModelCard model={model} />
      </li>
    ))}
  </ul>
);

function ModelCard({ model }: { model: WireModel }) {
  const { owner, name, description, run_count: runs, visibility } = model;
  const measured = measuredWords(model);
  return (
    <article className="relative flex h-full gap-3.5 rounded-lg border border-line bg-surface p-3.5 transition-colors hover:border-line-strong has-focus-visible:border-accent">
      <Cover model={model} className="size-18 shrink-0" />
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex items-start justify-between gap-2">
          <h2 className="min-w-0 font-medium [overflow-wrap:anywhere]">
            {/* The whole card is its link. */}
            <Link
              to="/models/$owner/$name"
              params={{ owner, name }}
              className="after:absolute after:inset-0 after:rounded-lg"
            >
              <span className="text-ink-muted">{owner}/</span>
              {name}
            </Link>
          </h2>
          <ModelTemperature model={model} />
        </div>
        <p className="mt-0.5 line-clamp-2 text-[13px] text-ink-muted">{description ?? 'No description.'}</p>
        <p className="mt-auto flex flex-wrap gap-x-2 pt-2 text-xs text-ink-muted tabular">
          <span>{runs === 1 ? '1 run' : `${formatCompact(runs)} runs`}</span>
          {measured !== null && <span>· {measured}</span>}
          {visibility === 'private' && <span>· private</span>}
        </p>
      </div>
    </article>
  );
}

const Loading = () => (
  <div className={GRID} role="status" aria-label="Models are on their way">
    {['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
      <Skeleton key={key} className="h-26" />
    ))}
  </div>
);

const NothingFound = ({ text }: { text: string }) => (
  <EmptyState icon={<Search aria-hidden />} title={`No model has “${text}”`}>
    Names, descriptions and readmes are searched, and whole words count, or how a name begins.
  </EmptyState>
);

const ADD_FIRST = `npm run -s hearth -- models add docker/models/stream you/stream
npm run -s hearth -- models add registry.example.com/you/model you/model`;

const NoModels = () => (
  <EmptyState icon={<Boxes aria-hidden />} title="No models yet">
    <p>
      A model is a Cog image, or a folder with a server that speaks Cog’s protocol. Add the first from where Hearth
      runs, with your own name in place of “you”:
    </p>
    <div className="mt-3 text-left">
      <CodeBlock code={ADD_FIRST} label="Commands that add a model" wrap />
    </div>
  </EmptyState>
);
