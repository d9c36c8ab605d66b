// A Kinesis endpoint over HTTP/2: kinesis_http2.js URL [CERTIFICATE]. Fails at the first answer that is not AWS's.
'use strict';
const assert = require('assert');
const fs = require('fs');
const http2 = require('http2');
const zlib = require('zlib');

const [url, certificate] = process.argv.slice(2);
// Of its own accord the client sends no more than 10 MB at once.
const session = http2.connect(url, { maxSessionMemory: 200, ...(certificate && { ca: fs.readFileSync(certificate) }) });
session.on('error', (error) => { throw error; });

function call(operation, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Kinesis_20131202.${operation}`,
      ...headers,
    });
    const answer = { status: 0, headers: {}, body: [] };
    stream.on('response', (got) => { answer.status = got[':status']; answer.headers = got; });
    stream.on('data', (part) => answer.body.push(part));
    stream.on('end', () => resolve({ ...answer, body: Buffer.concat(answer.body).toString() }));
    stream.on('error', reject);
    stream.end(body);
  });
}

async function main() {
  const json = (value) => JSON.stringify(value);
  assert.strictEqual((await call('CreateStream', json({ StreamName: 'two', ShardCount: 1 }))).status, 200);
  // Many at once over one connection.
  const puts = [...Array(50).keys()].map((number) =>
    call('PutRecord', json({ StreamName: 'two', PartitionKey: 'k', Data: Buffer.from(`${number}`).toString('base64') })));
  for (const put of await Promise.all(puts)) assert.strictEqual(put.status, 200, put.body);

  const zipped = zlib.gzipSync(json({ StreamName: 'two', PartitionKey: 'k', Data: 'emlwcGVk' }));
  assert.strictEqual((await call('PutRecord', zipped, { 'content-encoding': 'gzip' })).status, 200);
  const broken = await call('PutRecord', 'no gzip', { 'content-encoding': 'gzip' });
  assert.strictEqual(broken.status, 400);
  assert.strictEqual(JSON.parse(broken.body).__type, 'SerializationException');
  const bomb = zlib.gzipSync(Buffer.alloc(64 << 20, 32));
  assert.strictEqual((await call('ListStreams', bomb, { 'content-encoding': 'gzip' })).status, 413);

  const place = { StreamName: 'two', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' };
  const iterator = JSON.parse((await call('GetShardIterator', json(place))).body).ShardIterator;
  const read = await call('GetRecords', json({ ShardIterator: iterator }));
  assert.match(read.headers['x-amzn-requestid'], /^[0-9a-f-]{36}$/);
  const records = JSON.parse(read.body).Records.map((record) => Buffer.from(record.Data, 'base64').toString());
  assert.strictEqual(records.length, 51);
  assert.strictEqual(records[50], 'zipped');

  // Large ones wait for each other, and leave the connection to those that are small.
  const large = [...Array(40).keys()].map(() =>
    call('PutRecord', json({ StreamName: 'two', PartitionKey: 'k', Data: Buffer.alloc(1000000).toString('base64') })));
  assert.strictEqual((await call('ListStreams', '{}')).status, 200);
  for (const put of await Promise.all(large)) assert.strictEqual(put.status, 200, put.body);

  const foreign = await call('ListStreams', '{}', { ':authority': 'example.com' });
  assert.strictEqual(foreign.status, 403, 'a foreign name for this address');
  session.close();
}

main().catch((error) => { console.error(error); process.exit(1); });
