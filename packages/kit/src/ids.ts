import { decodeTime, ulid } from 'ulid';

/**
 * 26 characters of [0-9a-z] that sort by `now` (a lower-case ULID). Within one millisecond the order is random.
 * An id is no secret: what may be read with an id alone is signed. So chance need not come from the system, which the
 * library would ask sixteen times for each.
 */
export const newId = (now: number): string => ulid(now, Math.random).toLowerCase();

/** The `now` that an id was made with. */
export const madeAt = (id: string): number => decodeTime(id.toUpperCase());
