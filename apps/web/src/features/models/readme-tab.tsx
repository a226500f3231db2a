import type { WireModel } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { BookOpen } from 'lucide-react';
import { Card } from '../../ui/card.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { Markdown } from './markdown.tsx';
import { readmeQuery } from './queries.ts';

export function ReadmeTab({ model: { owner, name }, mayChange }: { model: WireModel; mayChange: boolean }) {
  const { data: text, error, refetch } = useQuery(readmeQuery(owner, name));
  if (error !== null) return <ErrorState error={error} retry={() => void refetch()} />;
  if (text === undefined) return <Skeleton className="h-48" />;
  if (text === null || text.trim() === '') {
    return (
      <EmptyState icon={<BookOpen aria-hidden />} title="No readme yet">
        {mayChange && (
          <>
            Write one in the settings, or give a file:{' '}
            <code className="font-mono text-[13px]">
              hearth models update {owner}/{name} --readme README.md
            </code>
          </>
        )}
      </EmptyState>
    );
  }
  return (
    <Card>
      <Markdown text={text} />
    </Card>
  );
}
