/**
 * node:http without its ES module facade. `import … from 'node:http'` reads every export of it, among them lazy ones that
 * load fetch and WebSocket: 30 ms of a boot of 100 (Node 24.21), for things that are not used here.
 */
export const http = process.getBuiltinModule('node:http');
