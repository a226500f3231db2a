import { ulid } from 'ulid';

/** 26 characters of [0-9a-z] that sort by `now` (a lower-case ULID). Within one millisecond the order is random. */
export const newId = (now: number): string => ulid(now).toLowerCase();
