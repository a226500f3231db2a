import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './app/query-client.ts';
import { router } from './app/router.tsx';
import './styles.css';

const RELOADED_AT = 'hearth-reloaded-at';
const ONCE_MS = 10_000;

// A part of the UI that this page has not loaded yet is gone once a newer one was built: start anew with that. Where that
// does not help, the page says what failed.
window.addEventListener('vite:preloadError', () => {
  const now = Date.now();
  if (now - Number(sessionStorage.getItem(RELOADED_AT)) < ONCE_MS) return;
  sessionStorage.setItem(RELOADED_AT, String(now));
  location.reload();
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
