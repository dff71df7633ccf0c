import assert from 'node:assert/strict'
import { bootstrap, refused } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

check('admin/the_cluster_is_described', async scope => {
  const admin = await scope.admin()
  const { brokers, controller, clusterId } = await admin.describeCluster()
  assert.match(clusterId, /^[A-Za-z0-9_-]{22}$/)
  const addresses = brokers.map(({ host, port }) => `${host}:${port}`)
  for (const address of bootstrap) assert.ok(addresses.includes(address), `\`${address}\` was not in ${addresses}`)
  assert.ok(brokers.some(({ nodeId }) => nodeId === controller))
})

check('admin/all_nodes_name_the_same_cluster', async scope => {
  const ids = []
  for (const address of bootstrap) {
    const admin = await scope.admin({ brokers: [address] })
    ids.push((await admin.describeCluster()).clusterId)
  }
  assert.equal(new Set(ids).size, 1)
})

check('admin/deleted_records_move_the_start', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b', 'c', 'd'], { admin })
  await admin.fetchTopicOffsets(topic) // kafkajs must know the leader first
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
  assert.deepEqual(await admin.fetchTopicOffsets(topic), [{ partition: 0, offset: '4', high: '4', low: '3' }])
  const collected = await scope.collect(topic)
  await collected.atLeast(1)
  assert.deepEqual(collected.messages.map(({ offset, value }) => [offset, value.toString()]), [['3', 'd']])
})

check('admin/minus_one_deletes_all_records', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b'], { admin })
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] })
  assert.deepEqual(await admin.fetchTopicOffsets(topic), [{ partition: 0, offset: '2', high: '2', low: '2' }])
})

check('admin/deleting_records_beyond_the_end_is_refused', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a'], { admin })
  await admin.fetchTopicOffsets(topic)
  const beyond = admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
  await refused(beyond, 'OFFSET_OUT_OF_RANGE')
  assert.equal((await admin.fetchTopicOffsets(topic))[0].low, '0')
})

check('admin/no_reassignment_is_under_way', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  assert.deepEqual((await admin.listPartitionReassignments({ topics: [{ topic, partitions: [0] }] })).topics, [])
})
