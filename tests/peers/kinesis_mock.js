// Loaded before kinesis-mock, which listens on every address and has no option for that, and outlives who started it.
'use strict';
const net = require('net');
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const callback = args.find((arg) => typeof arg === 'function');
  const given = typeof args[0] === 'object' && args[0] !== null ? args[0] : { port: args[0] };
  return listen.call(this, { port: given.port, host: '127.0.0.1' }, callback);
};
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
