// The conformance checks through kafkajs: one JSON line per check on stdout, anything else on stderr.
import { load } from './lib/packages.mjs'
import { bootstrap } from './lib/scope.mjs'
import { run } from './lib/suite.mjs'

if (bootstrap.length === 0) {
  console.error('`PROBE_BOOTSTRAP` was not set')
  process.exit(2)
}
for (const area of ['connect', 'topics', 'admin', 'configs', 'produce', 'fetch', 'offsets', 'groups', 'txn']) {
  await import(`./checks/${area}.mjs`)
}
await run('kafkajs', load('kafkajs/package.json').version, process.argv[2])
process.exit(0)
