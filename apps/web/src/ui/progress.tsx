/** How far something is. `share`: 0 to 1; null: it is going on, nobody knows how far. */
export const Progress = ({ label, share }: { label: string; share: number | null }) => (
  <div
    role="progressbar"
    aria-label={label}
    aria-valuemin={0}
    aria-valuemax={100}
    aria-valuenow={share === null ? undefined : Math.round(share * 100)}
    className="h-1.5 overflow-hidden rounded-full bg-hover"
  >
    <div
      style={{ width: `${share === null ? 100 : Math.min(1, Math.max(0, share)) * 100}%` }}
      className={
        share === null ? 'h-full animate-pulse bg-booting/50' : 'h-full rounded-full bg-accent transition-[width]'
      }
    />
  </div>
);
