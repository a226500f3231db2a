import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { Boxes, ChartColumn, CircuitBoard, LogOut, Rocket, Settings, Sparkles } from 'lucide-react';
import { useEffect } from 'react';
import { type Session, sessionQuery, signOut } from '../api/session.ts';
import { IconButton } from '../ui/button.tsx';
import { toastFailed } from '../ui/toast.tsx';
import { Logo } from './logo.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

const PLACES = [
  { to: '/models', name: 'Models', Icon: Boxes },
  { to: '/predictions', name: 'Predictions', Icon: Sparkles },
  { to: '/deployments', name: 'Deployments', Icon: Rocket },
  { to: '/fleet', name: 'Fleet', Icon: CircuitBoard },
  { to: '/usage', name: 'Usage', Icon: ChartColumn },
  { to: '/settings', name: 'Settings', Icon: Settings },
] as const;

/** Navigation and whoever is signed in, around every page: at the side, on a phone at the top and the bottom. */
export function Shell() {
  const { data: session } = useQuery(sessionQuery);
  useLeaveWhenSignedOut(session);
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[13.5rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <header className="sticky top-0 z-30 flex items-center gap-2 border-b border-line bg-surface px-4 py-2 lg:h-dvh lg:flex-col lg:items-stretch lg:gap-1 lg:border-r lg:border-b-0 lg:px-3 lg:py-4">
        <Link to="/models" className="flex items-center gap-2.5 rounded-md lg:mb-4 lg:px-2">
          <Logo className="size-6" />
          <span className="text-[15px] font-semibold tracking-tight">Hearth</span>
        </Link>
        <Places />
        <div className="ml-auto flex items-center gap-1 lg:mt-auto lg:ml-0 lg:flex-col lg:items-stretch lg:gap-3">
          <ThemeSwitch />
          {session && <Who session={session} />}
        </div>
      </header>
      <main id="main" tabIndex={-1} className="min-w-0 pb-16 outline-none lg:pb-0">
        <Outlet />
      </main>
    </div>
  );
}

const Places = () => (
  <nav
    aria-label="Main"
    className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-6 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] lg:static lg:flex lg:flex-col lg:gap-0.5 lg:border-0 lg:pb-0"
  >
    {PLACES.map(({ to, name, Icon }) => (
      <Link
        key={to}
        to={to}
        className="flex flex-col items-center gap-0.5 py-2 text-[10px] font-medium text-ink-muted transition-colors hover:text-ink aria-[current=page]:text-accent-text lg:flex-row lg:gap-2.5 lg:rounded-md lg:px-2 lg:py-1.5 lg:text-[13.5px] lg:hover:bg-hover lg:aria-[current=page]:bg-hover lg:aria-[current=page]:text-ink lg:aria-[current=page]:[&_svg]:text-accent-text"
      >
        <Icon aria-hidden className="size-5 lg:size-4" />
        {name}
      </Link>
    ))}
  </nav>
);

/** `ada · deploy`; the name is left out where it is the account's. */
const powerOf = ({ account, member, scope, operator }: Session): string =>
  [member === account.username ? null : member, operator ? 'operator' : null, scope].filter(Boolean).join(' · ');

function Who({ session }: { session: Session }) {
  // Another page: nothing of what this person saw stays in this one.
  const leave = () => signOut().then(() => location.assign('/sign-in'), toastFailed);
  return (
    <div className="flex items-center gap-2 lg:border-t lg:border-line lg:pt-3 lg:pl-2">
      <div className="hidden min-w-0 flex-1 lg:block">
        <p className="truncate font-medium">{session.account.username}</p>
        <p className="truncate text-xs text-ink-muted">{powerOf(session)}</p>
      </div>
      <IconButton label="Sign out" onClick={() => void leave()}>
        <LogOut aria-hidden />
      </IconButton>
    </div>
  );
}

/** Signed out here, in another window, or because the token was revoked. */
function useLeaveWhenSignedOut(session: Session | null | undefined) {
  const navigate = useNavigate();
  const { href } = useLocation();
  useEffect(() => {
    if (session === null) void navigate({ to: '/sign-in', search: { to: href }, replace: true });
  }, [session, navigate, href]);
}
