/** The exit code of a look around in an image that has nothing to look with. */
export const NO_INTERPRETER = 127;

/**
 * The command of a small container that connects to `host:port`, prints `{"freeBytes", "callback"}` (null: it got through;
 * else why not) as soon as it listens on port 5000, says `hearth` to one who connects, and ends within 15 s anyway. A
 * dispatcher that has just heard of the host may take a moment to listen where it calls.
 */
export const lookAround = (host: string, port: number): readonly string[] => [
  'sh',
  '-c',
  EITHER,
  'look-around',
  IN_NODE,
  IN_PYTHON,
  host,
  String(port),
];

/** Images of models have one or the other. */
const EITHER = `
if command -v node >/dev/null; then exec node -e "$1" "$3" "$4"; fi
if command -v python3 >/dev/null; then exec python3 -c "$2" "$3" "$4"; fi
exit ${NO_INTERPRETER}`;

const IN_NODE = `
const [host, port] = process.argv.slice(1);
const net = require('net');
const { bavail, bsize } = require('fs').statfsSync('/');
const end = () => process.exit(0);
const server = net.createServer((socket) => socket.on('error', end).on('close', end).end('hearth'));
const say = (callback) =>
  server.listen(5000, '0.0.0.0', () => console.log(JSON.stringify({ freeBytes: bavail * bsize, callback })));
const tryWay = (left) => {
  const way = net.connect({ host, port: Number(port), timeout: 3000 });
  way.on('connect', () => { way.destroy(); say(null); });
  way.on('timeout', () => way.destroy(new Error('no answer within 3 s')));
  way.on('error', (error) => (left > 0 && error.code === 'ECONNREFUSED' ? setTimeout(tryWay, 1000, left - 1) : say(error.message)));
};
tryWay(4);
setTimeout(end, 15000);`;

const IN_PYTHON = `
import json, os, signal, socket, sys, time
signal.alarm(15)
for left in range(4, -1, -1):
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
        callback = None
        break
    except OSError as error:
        callback = str(error)
        if left == 0 or not isinstance(error, ConnectionRefusedError):
            break
        time.sleep(1)
disk = os.statvfs("/")
server = socket.create_server(("0.0.0.0", 5000))
print(json.dumps({"freeBytes": disk.f_bavail * disk.f_frsize, "callback": callback}), flush=True)
client, _ = server.accept()
client.sendall(b"hearth")
client.close()`;
