import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { AllowedTarget } from './verdict.ts';

const ALLOW_FORMS =
  'addresses, ranges or names separated by commas, each with a port or without: 10.0.0.0/8, 127.0.0.1:9000, [fd00::1]:9000, hooks.internal';
const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/** `10.0.0.0/8, 127.0.0.1:9000, hooks.internal` as entries of the allow-list. */
export const zAllowList = () =>
  z.string({ error: ALLOW_FORMS }).transform((text, context) => {
    const entries = text.split(',').map((entry) => allowedTarget(entry.trim().toLowerCase()));
    if (entries.every((entry) => entry !== null)) return entries;
    context.addIssue({ code: 'custom', message: ALLOW_FORMS });
    return z.NEVER;
  });

function allowedTarget(text: string): AllowedTarget | null {
  const [, inBrackets, plain, portText] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = portText === undefined ? null : Number(portText);
  if (port !== null && (port < 1 || port > 65_535)) return null;
  // An IPv6 address without a port may stand without its brackets.
  const host = inBrackets ?? plain ?? (/^[0-9a-f:./]+$/.test(text) ? text : '');
  return rangeOf(host, port) ?? (NAME.test(host) && !/^[\d.]+$/.test(host) ? { kind: 'name', name: host, port } : null);
}

function rangeOf(host: string, port: number | null): AllowedTarget | null {
  const [address = '', bits] = host.split('/');
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return null;
  const base = ipaddr.process(address);
  const all = base.kind() === 'ipv4' ? 32 : 128;
  if (bits === undefined) return { kind: 'range', base, bits: all, port };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= all ? { kind: 'range', base, bits: Number(bits), port } : null;
}
