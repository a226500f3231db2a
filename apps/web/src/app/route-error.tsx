import { ApiError } from '@hearth/contract';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { useRouter } from '@tanstack/react-router';
import { Page } from '../ui/page.tsx';
import { ErrorState } from '../ui/states.tsx';
import { NotFound } from './not-found.tsx';

/** For what a page's loader or the page itself threw. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Page title="This page cannot be shown">
      <ErrorState error={error} retry={retry} />
    </Page>
  );
}
