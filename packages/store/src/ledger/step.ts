import type { Difference } from '@hearth/core';
import type { LedgerCounts } from '../store.ts';

/** What a part of a verification adds to the counts, and what it found. */
export type Step = Partial<LedgerCounts> & { readonly differences?: readonly Difference[] };
