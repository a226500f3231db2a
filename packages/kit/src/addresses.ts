import ipaddr, { type IPv6 } from 'ipaddr.js';
import { z } from 'zod';

const ADDRESS_FORMS = 'off, or addresses and ranges separated by commas, such as 127.0.0.1,10.0.0.0/8';

/** `127.0.0.1,10.0.0.0/8`, or null for `off`. */
export const zAddressesOrOff = () =>
  z.string({ error: ADDRESS_FORMS }).transform((text, context): readonly string[] | null => {
    if (text === 'off') return null;
    const addresses = text.split(',').map((address) => address.trim());
    if (addresses.every((address) => ipaddr.isValidCIDR(address) || isAddress(address))) return addresses;
    context.addIssue({ code: 'custom', message: ADDRESS_FORMS });
    return z.NEVER;
  });

const isAddress = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

/** What one caller can have as many of as it likes counts as one: of an IPv6 address the first 64 bits. */
export function callerNetwork(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${(parsed as IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
