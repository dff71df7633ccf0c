import assert from 'node:assert/strict'
import { refused, until } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

const end = async (admin, topic) => (await admin.fetchTopicOffsets(topic))[0].high

/** Writes a record outside of any transaction, after which all others must have come. */
async function mark(scope, topic, value = 'mark') {
  const producer = await scope.producer()
  await producer.send({ topic, messages: [{ value, partition: 0 }] })
}

check('txn/a_commit_is_seen_by_both_isolation_levels', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const producer = await scope.transactional()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] })
  await transaction.commit()
  await until(async () => (await end(admin, topic)) === '3', 'the commit marker was written', scope)
  await mark(scope, topic)
  for (const readUncommitted of [false, true]) {
    const collected = await scope.collect(topic, { readUncommitted })
    assert.deepEqual(await collected.through('mark'), ['a', 'b', 'mark'])
    assert.deepEqual(collected.messages.map(({ offset }) => offset), ['0', '1', '3'])
  }
})

check('txn/an_abort_is_hidden_from_read_committed_only', async scope => {
  const topic = await scope.topic()
  const producer = await scope.transactional()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'gone' }] })
  await transaction.abort()
  await mark(scope, topic)
  const committed = await scope.collect(topic)
  assert.deepEqual(await committed.through('mark'), ['mark'])
  const uncommitted = await scope.collect(topic, { readUncommitted: true })
  assert.deepEqual(await uncommitted.through('mark'), ['gone', 'mark'])
})

check('txn/aborts_and_commits_in_turn_are_told_apart', async scope => {
  const topic = await scope.topic()
  const producer = await scope.transactional()
  for (let i = 0; i < 6; i += 1) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: `${i}` }] })
    await (i % 2 === 0 ? transaction.commit() : transaction.abort())
  }
  await mark(scope, topic)
  const collected = await scope.collect(topic)
  assert.deepEqual(await collected.through('mark'), ['0', '2', '4', 'mark'])
})

check('txn/an_open_transaction_holds_back_what_comes_after_it', async scope => {
  const topic = await scope.topic()
  const producer = await scope.transactional()
  await mark(scope, topic, 'before')
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'open' }] })
  await mark(scope, topic, 'after')
  const committed = await scope.collect(topic)
  const uncommitted = await scope.collect(topic, { readUncommitted: true })
  assert.deepEqual(await uncommitted.through('after'), ['before', 'open', 'after'])
  assert.deepEqual(await committed.through('before'), ['before'])
  await new Promise(resolve => committed.consumer.on(committed.consumer.events.FETCH, resolve))
  assert.deepEqual(committed.values, ['before'])
  await transaction.commit()
  assert.deepEqual(await committed.through('after'), ['before', 'open', 'after'])
})

check('txn/a_waiting_committed_reader_wakes_at_the_commit', async scope => {
  const topic = await scope.topic()
  const collected = await scope.collect(topic, { maxWaitTimeInMs: 10_000, heartbeatInterval: 1_000 })
  await until(() => collected.joins.length > 0, 'the group was joined', scope)
  const producer = await scope.transactional()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'a' }] })
  const started = Date.now()
  await transaction.commit()
  await collected.through('a')
  assert.ok(Date.now() - started < 5_000, 'the fetch was only answered after its longest wait')
})

check('txn/several_partitions_and_topics_commit_together', async scope => {
  const topics = [await scope.topic({ numPartitions: 2 }), await scope.topic()]
  const producer = await scope.transactional()
  const transaction = await producer.transaction()
  const topicMessages = [
    { topic: topics[0], messages: [0, 1].map(partition => ({ value: `0-${partition}`, partition })) },
    { topic: topics[1], messages: [{ value: '1-0' }] },
  ]
  await transaction.sendBatch({ topicMessages })
  await transaction.commit()
  const collected = await scope.collect(topics)
  await collected.atLeast(3)
  assert.deepEqual(collected.values.sort(), ['0-0', '0-1', '1-0'])
})

check('txn/the_end_of_a_transaction_takes_one_offset', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const producer = await scope.transactional()
  for (const [ended, offset] of [['commit', '2'], ['abort', '4']]) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: 'a' }] })
    await transaction[ended]()
    await until(async () => (await end(admin, topic)) === offset, `the end was ${offset} after ${ended}`, scope)
  }
})

check('txn/offsets_are_stored_with_the_commit', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b', 'c'], { admin })
  const groupId = scope.name('group')
  const producer = await scope.transactional()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'd' }] })
  const topics = [{ topic, partitions: [{ partition: 0, offset: '2' }] }]
  await transaction.sendOffsets({ consumerGroupId: groupId, topics })
  await transaction.commit()
  const stored = async () => (await admin.fetchOffsets({ groupId, topics: [topic] }))[0].partitions[0].offset === '2'
  await until(stored, 'the offset was stored', scope)
  const collected = await scope.collect(topic, { groupId })
  assert.deepEqual(await collected.through('d'), ['c', 'd'])
})

check('txn/offsets_of_an_abort_are_forgotten', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a', 'b'], { admin })
  const groupId = scope.name('group')
  await scope.commit(groupId, [topic], '1')
  const producer = await scope.transactional()
  const transaction = await producer.transaction()
  const topics = [{ topic, partitions: [{ partition: 0, offset: '2' }] }]
  await transaction.sendOffsets({ consumerGroupId: groupId, topics })
  await transaction.abort()
  const collected = await scope.collect(topic, { groupId })
  assert.deepEqual(await collected.through('b'), ['b'])
})

check('txn/a_newer_producer_fences_the_older', async scope => {
  const topic = await scope.topic()
  const transactionalId = scope.name('transaction')
  const retry = { retries: 1, initialRetryTime: 20 }
  const old = await scope.transactional({ transactionalId, retry })
  const first = await old.transaction()
  await first.send({ topic, messages: [{ value: 'old' }] })
  const fresh = await scope.transactional({ transactionalId })
  const second = await fresh.transaction()
  await second.send({ topic, messages: [{ value: 'new' }] })
  await refused(first.send({ topic, messages: [{ value: 'fenced' }] }), 'INVALID_PRODUCER_EPOCH')
  await second.commit()
  await mark(scope, topic)
  const collected = await scope.collect(topic)
  assert.deepEqual(await collected.through('mark'), ['new', 'mark'])
})

check('txn/a_commit_of_a_fenced_producer_is_refused', async scope => {
  const topic = await scope.topic()
  const transactionalId = scope.name('transaction')
  const old = await scope.transactional({ transactionalId, retry: { retries: 1, initialRetryTime: 20 } })
  const first = await old.transaction()
  await first.send({ topic, messages: [{ value: 'old' }] })
  const fresh = await scope.transactional({ transactionalId })
  await fresh.transaction()
  await refused(first.commit(), 'INVALID_PRODUCER_EPOCH')
})

check('txn/an_abandoned_transaction_is_aborted_after_its_timeout', async scope => {
  const topic = await scope.topic()
  const producer = await scope.transactional({ transactionTimeout: 1_000 })
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'abandoned' }] })
  await mark(scope, topic)
  const collected = await scope.collect(topic)
  assert.deepEqual(await collected.through('mark'), ['mark'])
})

check('txn/a_transaction_timeout_above_the_limit_is_refused', async scope => {
  const producer = await scope.transactional({ transactionTimeout: 3_600_000 })
  await refused(producer.transaction(), 'INVALID_TRANSACTION_TIMEOUT')
})
