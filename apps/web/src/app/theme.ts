import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark' | 'system';

/** Read before the first paint by `public/theme.js`. */
const KEY = 'hearth-theme';
const listeners = new Set<() => void>();

function chosenTheme(): Theme {
  const chosen = localStorage.getItem(KEY);
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset.theme = theme;
  }
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** What the person chose; `system` follows the machine. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, chosenTheme);
