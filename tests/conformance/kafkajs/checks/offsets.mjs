import assert from 'node:assert/strict'
import { refused, until } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

const one = (offset, metadata = null) => ({ partition: 0, offset, metadata })

async function stored(admin, groupId, topic) {
  const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] })
  return answer.partitions.sort((a, b) => a.partition - b.partition)
}

check('offsets/first_and_end_offsets_are_told_per_partition', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b'], { admin, numPartitions: 2 })
  const offsets = (await admin.fetchTopicOffsets(topic)).sort((a, b) => a.partition - b.partition)
  assert.deepEqual(offsets, [
    { partition: 0, offset: '2', high: '2', low: '0' },
    { partition: 1, offset: '0', high: '0', low: '0' },
  ])
})

check('offsets/a_timestamp_finds_the_first_record_not_older', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const producer = await scope.producer()
  for (const timestamp of ['1000', '2000', '3000']) await producer.send({ topic, messages: [{ value: 'x', timestamp }] })
  for (const [timestamp, offset] of [[1, '0'], [1000, '0'], [1001, '1'], [2000, '1'], [2500, '2'], [3000, '2'], [3001, '3']]) {
    assert.deepEqual(await admin.fetchTopicOffsetsByTimestamp(topic, timestamp), [{ partition: 0, offset }], `at ${timestamp}`)
  }
})

check('offsets/a_timestamp_finds_a_record_inside_a_batch', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const producer = await scope.producer()
  const messages = [100, 300, 200, 400].map(timestamp => ({ value: 'x', timestamp: `${timestamp}` }))
  await producer.send({ topic, messages })
  for (const [timestamp, offset] of [[100, '0'], [150, '1'], [301, '3'], [400, '3'], [401, '4']]) {
    assert.deepEqual(await admin.fetchTopicOffsetsByTimestamp(topic, timestamp), [{ partition: 0, offset }], `at ${timestamp}`)
  }
})

check('offsets/a_group_without_commits_has_minus_one', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  assert.deepEqual(await stored(admin, scope.name('group'), topic), [one('-1')])
})

check('offsets/set_offsets_are_stored_and_used', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b', 'c'], { admin })
  const groupId = scope.name('group')
  await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '1' }] })
  assert.deepEqual(await stored(admin, groupId, topic), [one('1')])
  const collected = await scope.collect(topic, { groupId })
  assert.deepEqual(await collected.through('c'), ['b', 'c'])
})

check('offsets/a_reset_to_the_start_makes_the_next_member_begin_there', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b', 'c'], { admin })
  const groupId = scope.name('group')
  await scope.commit(groupId, [topic], '2')
  await admin.resetOffsets({ groupId, topic, earliest: true })
  assert.deepEqual(await stored(admin, groupId, topic), [one('-2')])
  const collected = await scope.collect(topic, { groupId })
  assert.deepEqual(await collected.through('c'), ['a', 'b', 'c'])
})

check('offsets/a_reset_to_the_end_forgets_the_commit', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b', 'c'], { admin })
  const groupId = scope.name('group')
  await scope.commit(groupId, [topic], '2')
  await admin.resetOffsets({ groupId, topic, earliest: false })
  assert.deepEqual(await stored(admin, groupId, topic), [one('-1')])
})

check('offsets/all_offsets_of_a_group_come_without_naming_topics', async scope => {
  const admin = await scope.admin()
  const topics = [await scope.topic({ admin }), await scope.topic({ admin })]
  const groupId = scope.name('group')
  await scope.commit(groupId, topics, '7')
  const answer = await admin.fetchOffsets({ groupId })
  assert.deepEqual(answer.map(({ topic }) => topic).sort(), [...topics].sort())
  for (const { partitions } of answer) assert.deepEqual(partitions, [one('7')])
})

check('offsets/metadata_of_a_commit_is_kept', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b'], { admin })
  const groupId = scope.name('group')
  const collected = await scope.collect(topic, { groupId, run: { autoCommit: false } })
  await collected.through('b')
  await collected.consumer.commitOffsets([{ topic, partition: 0, offset: '1', metadata: 'half way' }])
  assert.deepEqual(await stored(admin, groupId, topic), [one('1', 'half way')])
})

check('offsets/a_new_member_goes_on_at_the_commit', async scope => {
  const topic = await scope.filled(['a', 'b', 'c', 'd'])
  const groupId = scope.name('group')
  const first = await scope.collect(topic, { groupId, run: { autoCommit: false } })
  await first.through('d')
  await first.consumer.commitOffsets([{ topic, partition: 0, offset: '2' }])
  await first.consumer.disconnect()
  const second = await scope.collect(topic, { groupId })
  assert.deepEqual(await second.through('d'), ['c', 'd'])
})

check('offsets/auto_commit_stores_what_was_processed', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b', 'c'], { admin })
  const groupId = scope.name('group')
  const collected = await scope.collect(topic, { groupId, run: { autoCommitThreshold: 1 } })
  await collected.through('c')
  await until(async () => (await stored(admin, groupId, topic))[0].offset === '3', 'three was committed', scope)
})

check('offsets/without_a_commit_latest_starts_at_the_end', async scope => {
  const topic = await scope.filled(['old'])
  const collected = await scope.collect(topic, { fromBeginning: false })
  const { consumer } = collected
  await until(() => collected.joins.length === 1, 'the group was joined', scope)
  await new Promise(resolve => consumer.on(consumer.events.FETCH, resolve))
  const producer = await scope.producer()
  await producer.send({ topic, messages: [{ value: 'new' }] })
  assert.deepEqual(await collected.through('new'), ['new'])
})

check('offsets/offsets_of_a_running_group_cannot_be_set', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a'], { admin })
  const groupId = scope.name('group')
  const collected = await scope.collect(topic, { groupId })
  await collected.through('a')
  const attempt = admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '0' }] })
  await assert.rejects(attempt, /must have no running instances, current state: Stable/)
})

check('offsets/offsets_of_an_unknown_topic_are_refused', async scope => {
  const admin = await scope.admin({ retry: { initialRetryTime: 20, retries: 1 } })
  await refused(admin.fetchTopicOffsets(scope.name('nowhere')), 'UNKNOWN_TOPIC_OR_PARTITION')
})
