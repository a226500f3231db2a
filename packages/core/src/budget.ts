/** A limit of an account or a token that one more would exceed: `spent + held + needed > limit`. */
export interface BudgetBound {
  /** Username. */
  readonly account: string;
  /** Null: the account's own. */
  readonly token: { readonly id: string; readonly name: string } | null;
  /** `in_flight` counts predictions; the others are millionths of the operator's currency. */
  readonly what: 'day' | 'month' | 'in_flight';
  readonly limit: number;
  readonly spent: number;
  readonly held: number;
  readonly needed: number;
}

/** Millionths as a number of the currency, exactly: `1500000` → `1.5`. */
export function inCurrency(micros: number): string {
  const digits = String(Math.abs(micros)).padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0+$/, '');
  return `${micros < 0 ? '-' : ''}${digits.slice(0, -6)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Whose limit it is and how far it is used, as a sentence. `endOf`: when a period ends, in words. */
export function boundInWords(
  { account, token, what, limit, spent, held, needed }: BudgetBound,
  endOf: (period: 'day' | 'month') => string,
): string {
  const whose = token === null ? `Account ${account}` : `Token "${token.name}" of account ${account}`;
  if (what === 'in_flight')
    return `${whose} may have ${limit === 1 ? 'one prediction' : `${limit} predictions`} in flight, and has ${held}.`;
  return (
    `${whose} may spend ${inCurrency(limit)} a ${what}: ${inCurrency(spent)} is spent, ${inCurrency(held)} is held for ` +
    `what has not ended, and this needs ${inCurrency(needed)}. ` +
    `The ${what} ends at ${endOf(what)}.`
  );
}
