import assert from 'node:assert/strict'
import { bootstrap, until } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

check('connect/a_client_reports_connect_and_disconnect', async scope => {
  const producer = scope.kafka().producer()
  const seen = []
  producer.on(producer.events.CONNECT, () => seen.push('connect'))
  producer.on(producer.events.DISCONNECT, () => seen.push('disconnect'))
  await producer.connect()
  await producer.disconnect()
  assert.deepEqual(seen, ['connect', 'disconnect'])
})

check('connect/an_unreachable_seed_is_passed_over', async scope => {
  const admin = await scope.admin({ brokers: ['127.0.0.1:1', ...bootstrap], connectionTimeout: 1_000 })
  assert.ok((await admin.describeCluster()).brokers.length >= 1)
})

check('connect/versions_are_negotiated_and_a_modern_metadata_is_asked_for', async scope => {
  const admin = await scope.admin()
  const asked = {}
  admin.on(admin.events.REQUEST, ({ payload }) => (asked[payload.apiName] = payload.apiVersion))
  await admin.describeCluster()
  await until(() => asked.Metadata !== undefined, 'the request was reported', scope)
  assert.equal(asked.Metadata, 6)
})

check('connect/twenty_clients_at_once_are_served', async scope => {
  const topic = await scope.topic({ numPartitions: 2 })
  const admins = await Promise.all(Array.from({ length: 20 }, () => scope.admin()))
  const answers = await Promise.all(admins.map(admin => admin.fetchTopicMetadata({ topics: [topic] })))
  for (const { topics } of answers) assert.equal(topics[0].partitions.length, 2)
})
