import { lookup } from 'node:dns/promises';
import * as net from 'node:net';
import { getSystemErrorName } from 'node:util';

/**
 * A socket that this process keeps and others listen on, one after the other or two at a time: a client that connects
 * between them waits in its queue instead of being refused.
 */
export interface HeldSocket {
  readonly fd: number;
  close(): void;
}

/**
 * What Node's own `cluster` shares sockets with. Its public way to a socket, `listen`, would also accept connections here.
 * Answers a negative error number where the address cannot be had.
 */
interface HandleMaker {
  readonly _createServerHandle: (address: string, port: number, addressType: number) => HeldSocket | number;
}

/**
 * Bound, not yet listened on: that the port is taken comes out only then.
 * @throws Error naming the address where it is not this machine's
 */
export async function holdSocket(host: string, port: number): Promise<HeldSocket> {
  const { address, family } = await lookup(host, { order: 'ipv4first' });
  const { _createServerHandle: createHandle } = net as unknown as HandleMaker;
  const handle = createHandle(address, port, family);
  if (typeof handle === 'number') throw new Error(`cannot listen on ${host}:${port}: ${getSystemErrorName(handle)}`);
  return handle;
}
