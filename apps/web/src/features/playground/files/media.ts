/** How something that a URL leads to is shown. */
export type Media = 'image' | 'audio' | 'video' | 'file';

const EXTENSIONS: Record<Exclude<Media, 'file'>, RegExp> = {
  image: /\.(?:png|jpe?g|webp|gif|avif|bmp|svg)$/i,
  audio: /\.(?:mp3|wav|ogg|oga|flac|m4a|opus|aac)$/i,
  video: /\.(?:mp4|webm|mov|m4v|ogv)$/i,
};
const KINDS = ['image', 'audio', 'video'] as const;

/** By the type where it is known, else by the name's ending; a data URL says its type itself. */
export function mediaOf(url: string, contentType: string | null = dataType(url)): Media {
  if (contentType !== null) return KINDS.find((kind) => contentType.startsWith(`${kind}/`)) ?? 'file';
  const path = pathOf(url);
  return KINDS.find((kind) => EXTENSIONS[kind].test(path)) ?? 'file';
}

const dataType = (url: string): string | null => /^data:([^;,]*)/i.exec(url)?.[1] ?? null;

const pathOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname : url);

/** What to call a file: the end of its URL. */
export function fileNameOf(url: string): string {
  const type = dataType(url);
  if (type !== null) return type === '' ? 'inline data' : `inline ${type}`;
  const last = pathOf(url).split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last) || url;
  } catch {
    // A name with a stray percent sign: as it is.
    return last;
  }
}

/** A text that is a file's URL, as models give files. */
export const isFileUrl = (value: unknown): value is string =>
  typeof value === 'string' &&
  (/^data:[\w.+-]+\/[\w.+-]+[;,]/i.test(value) || (/^https?:\/\/\S+$/i.test(value) && URL.canParse(value)));

/** The id of an upload of this Hearth; null: the URL is of something else. */
export const uploadIdOf = (url: string): string | null =>
  /\/v1\/files\/([0-9a-z]+)\/?$/i.exec(pathOf(url))?.[1] ?? null;
