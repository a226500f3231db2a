import type { WireModel } from '@hearth/contract';
import { useState } from 'react';
import { reachable } from '../../api/client.ts';
import { cx } from '../../ui/class-names.ts';
import { isFileUrl, mediaOf } from '../playground/files/media.ts';

/** Its own picture, else one that it made, else its letters. */
export function Cover({ model, className }: { model: WireModel; className?: string }) {
  const [broken, setBroken] = useState(false);
  const src = coverOf(model);
  if (src === null || broken) {
    return (
      <span
        aria-hidden
        className={cx(
          'grid place-items-center rounded-md bg-hover text-lg font-semibold text-ink-muted uppercase',
          className,
        )}
      >
        {model.name.slice(0, 2)}
      </span>
    );
  }
  return (
    <img
      src={src}
      alt=""
      loading="lazy"
      onError={() => setBroken(true)}
      className={cx('rounded-md border border-line bg-sunken object-cover', className)}
    />
  );
}

function coverOf({ cover_image_url: cover, default_example: example }: WireModel): string | null {
  if (cover !== null) return cover;
  const output = Array.isArray(example?.output) ? example.output[0] : example?.output;
  return isFileUrl(output) && mediaOf(output) === 'image' ? reachable(output) : null;
}
