const UNIT_BYTES: Record<string, number> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
/** What `sizeBytes` takes, in words. */
export const SIZE_FORMS = 'a size such as 512KiB, 100MiB or 2GB (a plain number is bytes)';

/**
 * `100MiB` (powers of 1024), `2GB` (powers of 1000) or a plain number of bytes, as whole bytes.
 * @throws RangeError naming the value and what is allowed
 */
export function sizeBytes(text: string): number {
  const [, count, unit = 'B'] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)?$/.exec(text.trim()) ?? [];
  const bytes = Math.round(Number(count) * (UNIT_BYTES[unit] ?? NaN));
  if (!Number.isSafeInteger(bytes)) throw new RangeError(`"${text}" is not ${SIZE_FORMS}`);
  return bytes;
}
