import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import mime from 'mime-types';

/** The output as text: a text as it is, a list of texts a line each, anything else as JSON. */
export function outputText(output: unknown, concatenated: boolean): string {
  if (output === null || output === undefined) return '';
  if (typeof output === 'string') return output;
  if (Array.isArray(output) && output.every((item) => typeof item === 'string'))
    return output.join(concatenated ? '' : '\n');
  return JSON.stringify(output, null, 2);
}

/** Every URL in an output, wherever it is. */
export function outputUrls(output: unknown): string[] {
  if (typeof output === 'string') return /^(https?:|data:)/.test(output) ? [output] : [];
  if (typeof output !== 'object' || output === null) return [];
  return Object.values(output).flatMap(outputUrls);
}

/** A file name for a URL: its own last part; several of one name are numbered. */
export function fileNames(urls: readonly string[]): string[] {
  const taken = new Set<string>();
  return urls.map((url, index) => {
    const wanted = url.startsWith('data:')
      ? dataName(url, index)
      : decodeURIComponent(basename(new URL(url).pathname)) || 'output';
    const extension = extname(wanted);
    const stem = wanted.slice(0, wanted.length - extension.length);
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${stem}-${n}${extension}`;
    taken.add(name);
    return name;
  });
}

function dataName(url: string, index: number): string {
  const type = /^data:([^;,]+)/.exec(url)?.[1] ?? '';
  return `output-${index}.${mime.extension(type) || 'bin'}`;
}

/** Saves every file of an output and answers the paths. @throws Error naming the URL that cannot be read */
export async function saveFiles(output: unknown, folder: string): Promise<string[]> {
  const urls = outputUrls(output);
  const names = fileNames(urls);
  mkdirSync(folder, { recursive: true });
  return Promise.all(
    urls.map(async (url, index) => {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      // A name with a slash in it (encoded in the URL) must not lead out of the folder.
      const path = join(folder, basename(names[index] ?? 'output'));
      await writeFile(path, Buffer.from(await response.arrayBuffer()));
      return path;
    }),
  );
}
