/** A flame over its hearth. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path
        d="M16 5c1 4.2 6.5 7 6.5 13a6.5 6.5 0 0 1-13 0c0-2.6 1.2-4.4 2.6-6 .3 1.9 1.1 3 2.1 3.500C13.7 11.7 14.2 8 16 5z"
        fill="var(--accent-ink)"
      />
      <path d="M7 26.500h18" stroke="var(--accent-ink)" strokeWidth="2.200" strokeLinecap="round" />
    </svg>
  );
}
