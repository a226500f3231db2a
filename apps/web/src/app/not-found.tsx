import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { buttonClass } from '../ui/button.tsx';
import { Page } from '../ui/page.tsx';
import { EmptyState } from '../ui/states.tsx';

export function NotFound() {
  return (
    <Page title="Page not found">
      <EmptyState
        icon={<Compass aria-hidden />}
        title="There is nothing at this address"
        action={
          <Link to="/" className={buttonClass('primary')}>
            To the models
          </Link>
        }
      >
        It may have been moved or removed.
      </EmptyState>
    </Page>
  );
}
