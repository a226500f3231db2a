import { useQuery } from '@tanstack/react-query';
import { FileText } from 'lucide-react';
import { api, reachable } from '../../../api/client.ts';
import { cx } from '../../../ui/class-names.ts';
import { formatBytes } from '../../../ui/format.ts';
import { fileNameOf, type Media, mediaOf, uploadIdOf } from './media.ts';
import { sentFile } from './uploads.ts';

interface Shown {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly media: Media;
  /** Null: nobody can look at it here. */
  readonly src: string | null;
}

/** A file of an input, as far as it can be shown: one of this page, an upload, or anybody's URL. */
export function FilePreview({ url, small = false }: { url: string; small?: boolean }) {
  const { name, sizeBytes, media, src } = useShown(url);
  return (
    <span
      className={cx('flex min-w-0 items-center gap-3', !small && media !== 'file' && 'flex-col items-stretch gap-2')}
    >
      <Sight media={media} src={src} name={name} small={small} />
      <span className="flex min-w-0 items-baseline gap-2 text-[13px]">
        {src === null ? (
          <span className="truncate">{name}</span>
        ) : (
          <a
            href={src}
            target="_blank"
            rel="noreferrer"
            className="truncate underline decoration-line-strong underline-offset-2 hover:decoration-current"
          >
            {name}
          </a>
        )}
        {sizeBytes !== null && <span className="shrink-0 text-ink-muted tabular">{formatBytes(sizeBytes)}</span>}
      </span>
    </span>
  );
}

function useShown(url: string): Shown {
  const own = sentFile(url);
  const id = own === undefined ? uploadIdOf(url) : null;
  // It may have expired, and then there is nothing to see but its name.
  const { data: upload } = useQuery({
    queryKey: ['file', id],
    queryFn: () => api.files.get(id ?? ''),
    enabled: id !== null,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (own !== undefined) {
    return {
      name: own.name,
      sizeBytes: own.sizeBytes,
      media: mediaOf(own.name, own.contentType || null),
      src: own.localUrl,
    };
  }
  if (upload !== undefined) {
    const media = mediaOf(upload.name, upload.content_type);
    return { name: upload.name, sizeBytes: upload.size, media, src: reachable(upload.urls.download) };
  }
  return { name: fileNameOf(url), sizeBytes: null, media: mediaOf(url), src: id === null ? url : null };
}

function Sight({ media, src, name, small }: Pick<Shown, 'media' | 'src' | 'name'> & { small: boolean }) {
  if (src !== null && media === 'image') {
    const size = small ? 'size-12 object-cover' : 'max-h-56 max-w-full self-start object-contain';
    return <img src={src} alt={name} className={cx('rounded-md border border-line bg-sunken', size)} />;
  }
  // oxlint-disable-next-line jsx-a11y/media-has-caption -- a person's own recording has none
  if (src !== null && media === 'audio' && !small) return <audio controls src={src} className="w-full" />;
  if (src !== null && media === 'video' && !small) {
    // oxlint-disable-next-line jsx-a11y/media-has-caption -- a person's own recording has none
    return <video controls src={src} className="max-h-56 self-start rounded-md" />;
  }
  return <FileText aria-hidden className="size-5 shrink-0 text-ink-faint" />;
}
