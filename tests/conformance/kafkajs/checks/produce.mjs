import assert from 'node:assert/strict'
import { load } from '../lib/packages.mjs'
import { refused, until } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

const { CompressionTypes } = load('kafkajs')

for (const acks of [-1, 1]) {
  check(`produce/acks_${acks === 1 ? 'one' : 'all'}_reports_offsets_that_grow`, async scope => {
    const topic = await scope.topic()
    const producer = await scope.producer()
    for (const baseOffset of ['0', '2']) {
      const [sent] = await producer.send({ topic, acks, messages: [{ value: 'a' }, { value: 'b' }] })
      const { topicName, partition, errorCode, logAppendTime, logStartOffset } = sent
      assert.deepEqual(
        { topicName, partition, errorCode, baseOffset: sent.baseOffset, logAppendTime, logStartOffset },
        { topicName: topic, partition: 0, errorCode: 0, baseOffset, logAppendTime: '-1', logStartOffset: '0' }
      )
    }
  })
}

check('produce/acks_zero_is_not_answered_and_the_records_arrive', async scope => {
  const topic = await scope.topic()
  const producer = await scope.producer()
  await producer.send({ topic, acks: 0, messages: [{ value: 'a' }, { value: 'b' }] })
  // The connection must still be good for a call that is answered.
  const [sent] = await producer.send({ topic, acks: -1, messages: [{ value: 'c' }] })
  assert.equal(sent.baseOffset, '2')
  const collected = await scope.collect(topic)
  assert.deepEqual(await collected.through('c'), ['a', 'b', 'c'])
})

check('produce/key_value_timestamp_and_headers_come_back_as_sent', async scope => {
  const topic = await scope.topic()
  const producer = await scope.producer()
  const value = Buffer.from([0, 255, 1, 254])
  const headers = { one: 'text', two: Buffer.from([0, 128]), empty: '', many: ['first', Buffer.from('second')] }
  await producer.send({ topic, messages: [{ key: 'schlüssel ☃', value, timestamp: '1700000000123', headers }] })
  const [message] = await (await scope.collect(topic)).atLeast(1)
  assert.equal(message.key.toString(), 'schlüssel ☃')
  assert.deepEqual(message.value, value)
  assert.equal(message.timestamp, '1700000000123')
  assert.equal(message.offset, '0')
  assert.equal(message.headers.one.toString(), 'text')
  assert.deepEqual(message.headers.two, Buffer.from([0, 128]))
  assert.deepEqual(message.headers.empty, Buffer.alloc(0))
  assert.deepEqual(message.headers.many.map(String), ['first', 'second'])
})

check('produce/null_and_empty_keys_and_values_differ', async scope => {
  const topic = await scope.topic()
  const producer = await scope.producer()
  await producer.send({
    topic,
    messages: [{ key: null, value: null }, { key: '', value: '' }, { key: 'k', value: null }, { key: null, value: 'v' }],
  })
  const messages = await (await scope.collect(topic)).atLeast(4)
  assert.deepEqual(
    messages.map(({ key, value }) => [key?.toString() ?? null, value?.toString() ?? null]),
    [[null, null], ['', ''], ['k', null], [null, 'v']]
  )
})

check('produce/a_record_without_a_timestamp_gets_the_time_of_sending', async scope => {
  const topic = await scope.topic()
  const producer = await scope.producer()
  const before = Date.now()
  await producer.send({ topic, messages: [{ value: 'a' }] })
  const [message] = await (await scope.collect(topic)).atLeast(1)
  assert.ok(before <= Number(message.timestamp) && Number(message.timestamp) <= Date.now())
})

check('produce/log_append_time_replaces_the_timestamp_of_the_record', async scope => {
  const topic = await scope.topic({ configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }] })
  const producer = await scope.producer()
  const before = Date.now()
  const [sent] = await producer.send({ topic, messages: [{ value: 'a', timestamp: '1000' }] })
  const appended = Number(sent.logAppendTime)
  assert.ok(before <= appended && appended <= Date.now(), `log append time was ${appended}`)
  // kafkajs shows what is in the record, so the time is looked up by the time of appending.
  const admin = await scope.admin()
  assert.equal((await admin.fetchTopicOffsetsByTimestamp(topic, appended))[0].offset, '0')
  assert.equal((await admin.fetchTopicOffsetsByTimestamp(topic, appended + 1))[0].offset, '1')
})

check('produce/explicit_partitions_are_kept', async scope => {
  const topic = await scope.topic({ numPartitions: 3 })
  const producer = await scope.producer()
  const sent = await producer.send({ topic, messages: [2, 0, 1, 2].map(partition => ({ value: `p${partition}`, partition })) })
  assert.deepEqual(sent.map(({ partition, baseOffset }) => [partition, baseOffset]).sort(), [[0, '0'], [1, '0'], [2, '0']])
  const messages = await (await scope.collect(topic)).atLeast(4)
  for (const { value, partition } of messages) assert.equal(value.toString(), `p${partition}`)
})

check('produce/gzip_comes_back_as_sent', async scope => {
  const topic = await scope.topic()
  const producer = await scope.producer()
  const messages = Array.from({ length: 300 }, (_, i) => ({ key: `k${i}`, value: `${i} `.repeat(50), headers: { i: `${i}` } }))
  const [sent] = await producer.send({ topic, compression: CompressionTypes.GZIP, messages })
  assert.equal(sent.baseOffset, '0')
  const received = await (await scope.collect(topic)).atLeast(300)
  assert.deepEqual(
    received.map(({ key, value, headers, offset }) => [`${key}`, `${value}`, `${headers.i}`, offset]),
    messages.map(({ key, value, headers }, i) => [key, value, headers.i, `${i}`])
  )
})

check('produce/one_call_writes_several_topics', async scope => {
  const topics = [await scope.topic(), await scope.topic()]
  const producer = await scope.producer()
  const sent = await producer.sendBatch({ topicMessages: topics.map(topic => ({ topic, messages: [{ value: topic }] })) })
  assert.deepEqual(sent.map(({ topicName }) => topicName).sort(), [...topics].sort())
  const messages = await (await scope.collect(topics)).atLeast(2)
  for (const { topic, value } of messages) assert.equal(value.toString(), topic)
})

check('produce/five_thousand_records_keep_their_order', async scope => {
  const topic = await scope.topic()
  const producer = await scope.producer()
  for (let from = 0; from < 5_000; from += 1_000) {
    await producer.send({ topic, messages: Array.from({ length: 1_000 }, (_, i) => ({ value: `${from + i}` })) })
  }
  const messages = await (await scope.collect(topic)).atLeast(5_000)
  messages.forEach(({ value, offset }, i) => assert.deepEqual([`${value}`, offset], [`${i}`, `${i}`]))
})

check('produce/a_record_of_nearly_a_megabyte_passes', async scope => {
  const topic = await scope.topic()
  const producer = await scope.producer()
  const value = Buffer.alloc(1_000_000, 'x')
  await producer.send({ topic, messages: [{ value }] })
  const [message] = await (await scope.collect(topic)).atLeast(1)
  assert.equal(message.value.compare(value), 0)
})

check('produce/a_record_above_the_limit_of_the_topic_is_refused', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin, configEntries: [{ name: 'max.message.bytes', value: '2000' }] })
  const producer = await scope.producer()
  await refused(producer.send({ topic, messages: [{ value: 'x'.repeat(3_000) }] }), 'MESSAGE_TOO_LARGE')
  assert.equal((await admin.fetchTopicOffsets(topic))[0].high, '0')
})

check('produce/a_compacted_topic_refuses_records_without_a_key', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] })
  const producer = await scope.producer()
  await refused(producer.send({ topic, messages: [{ value: 'no key' }] }), 'INVALID_RECORD')
  assert.equal((await admin.fetchTopicOffsets(topic))[0].high, '0')
  const [sent] = await producer.send({ topic, messages: [{ key: 'k', value: 'v' }] })
  assert.equal(sent.baseOffset, '0')
})

check('produce/an_unknown_topic_is_refused', async scope => {
  const producer = await scope.producer({ retry: { initialRetryTime: 20, retries: 1 } })
  await refused(producer.send({ topic: scope.name('nowhere'), messages: [{ value: 'a' }] }), 'UNKNOWN_TOPIC_OR_PARTITION')
})

check('produce/an_idempotent_producer_writes_each_record_once', async scope => {
  const topic = await scope.topic({ numPartitions: 2 })
  const producer = await scope.producer({ idempotent: true })
  for (let i = 0; i < 20; i += 1) {
    const [sent] = await producer.send({ topic, messages: [{ value: `${i}`, partition: i % 2 }] })
    assert.equal(sent.baseOffset, `${Math.floor(i / 2)}`)
  }
  const collected = await scope.collect(topic)
  await collected.atLeast(20)
  assert.equal(new Set(collected.values).size, 20)
})

check('produce/concurrent_idempotent_sends_lose_nothing', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const producer = await scope.producer({ idempotent: true })
  await Promise.all(Array.from({ length: 30 }, (_, i) => producer.send({ topic, messages: [{ value: `${i}` }] })))
  await until(async () => (await admin.fetchTopicOffsets(topic))[0].high === '30', 'all thirty were there', scope)
  const collected = await scope.collect(topic)
  await collected.atLeast(30)
  assert.equal(new Set(collected.values).size, 30)
})
