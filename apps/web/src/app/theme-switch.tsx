import { Monitor, Moon, Sun } from 'lucide-react';
import { cx } from '../ui/class-names.ts';
import { chooseTheme, type Theme, useTheme } from './theme.ts';

const THEMES = [
  { theme: 'light', name: 'Light', Icon: Sun },
  { theme: 'dark', name: 'Dark', Icon: Moon },
  { theme: 'system', name: 'As the system', Icon: Monitor },
] as const satisfies readonly { theme: Theme; name: string; Icon: typeof Sun }[];

export function ThemeSwitch() {
  const chosen = useTheme();
  return (
    <fieldset className="flex w-fit rounded-full border border-line p-0.5">
      <legend className="sr-only">Theme</legend>
      {THEMES.map(({ theme, name, Icon }) => (
        <label
          key={theme}
          title={name}
          className={cx(
            'grid size-7 cursor-pointer place-items-center rounded-full text-ink-faint has-focus-visible:outline-2 has-focus-visible:outline-accent',
            chosen === theme ? 'bg-hover text-ink' : 'hover:text-ink',
          )}
        >
          <input
            type="radio"
            name="theme"
            className="sr-only"
            checked={chosen === theme}
            onChange={() => chooseTheme(theme)}
          />
          <Icon aria-hidden className="size-3.5" />
          <span className="sr-only">{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
