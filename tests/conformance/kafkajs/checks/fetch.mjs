import assert from 'node:assert/strict'
import { until } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

check('fetch/a_waiting_fetch_wakes_when_a_record_comes', async scope => {
  const topic = await scope.topic()
  const collected = await scope.collect(topic, { maxWaitTimeInMs: 10_000, heartbeatInterval: 1_000 })
  const { consumer } = collected
  await until(() => collected.joins.length === 1, 'the group was joined', scope)
  await new Promise(resolve => consumer.on(consumer.events.FETCH_START, resolve))
  const producer = await scope.producer()
  const started = Date.now()
  await producer.send({ topic, messages: [{ value: 'wake' }] })
  await collected.through('wake')
  assert.ok(Date.now() - started < 5_000, 'the fetch was only answered after its longest wait')
})

check('fetch/min_bytes_hold_an_answer_back_no_longer_than_the_wait', async scope => {
  const topic = await scope.filled(['small'])
  const collected = await scope.collect(topic, { minBytes: 100_000, maxWaitTimeInMs: 700 })
  const { consumer } = collected
  const durations = []
  consumer.on(consumer.events.FETCH, ({ payload }) => durations.push(payload.duration))
  await collected.through('small')
  assert.ok(durations[0] >= 600, `the first fetch took ${durations[0]} ms`)
})

check('fetch/a_seek_is_followed', async scope => {
  const topic = await scope.filled(['a', 'b', 'c', 'd', 'e'])
  const collected = await scope.collect(topic)
  await collected.through('e')
  collected.messages.length = 0
  collected.consumer.seek({ topic, partition: 0, offset: '3' })
  await collected.atLeast(2)
  assert.deepEqual(collected.messages.map(({ offset, value }) => `${offset}${value}`), ['3d', '4e'])
})

check('fetch/a_seek_beyond_the_end_falls_back_to_the_start', async scope => {
  const topic = await scope.filled(['a', 'b'])
  const collected = await scope.collect(topic)
  await collected.through('b')
  collected.messages.length = 0
  collected.consumer.seek({ topic, partition: 0, offset: '4000' })
  await collected.atLeast(2)
  assert.deepEqual(collected.values, ['a', 'b'])
})

check('fetch/a_batch_tells_the_high_watermark_and_the_lag', async scope => {
  const topic = await scope.filled(['a', 'b', 'c'])
  const batches = []
  const eachBatch = async ({ batch }) => {
    batches.push(batch)
  }
  await scope.collect(topic, { run: { eachBatch } })
  await until(() => batches.length > 0, 'a batch came', scope)
  const [batch] = batches
  assert.deepEqual([batch.topic, batch.partition, batch.highWatermark], [topic, 0, '3'])
  assert.deepEqual([batch.firstOffset(), batch.lastOffset(), batch.offsetLag()], ['0', '2', '0'])
  assert.deepEqual(batch.messages.map(({ value }) => `${value}`), ['a', 'b', 'c'])
})

check('fetch/small_answers_still_bring_every_record', async scope => {
  const values = Array.from({ length: 40 }, (_, i) => `${i}`.padStart(500, '.'))
  const topic = await scope.topic()
  const producer = await scope.producer()
  for (const value of values) await producer.send({ topic, messages: [{ value }] })
  const collected = await scope.collect(topic, { maxBytesPerPartition: 1_200, maxBytes: 1_200 })
  await collected.atLeast(40)
  assert.deepEqual(collected.values, values)
})

check('fetch/a_paused_partition_waits_and_goes_on_after_resume', async scope => {
  const topic = await scope.filled(['a'], { numPartitions: 2 })
  const collected = await scope.collect(topic)
  await collected.through('a')
  collected.consumer.pause([{ topic, partitions: [0] }])
  const producer = await scope.producer()
  await producer.send({ topic, messages: [{ value: 'held', partition: 0 }] })
  await producer.send({ topic, messages: [{ value: 'free', partition: 1 }] })
  await collected.through('free')
  await producer.send({ topic, messages: [{ value: 'free again', partition: 1 }] })
  assert.ok(!(await collected.through('free again')).includes('held'))
  assert.deepEqual(collected.consumer.paused(), [{ topic, partitions: [0] }])
  collected.consumer.resume([{ topic, partitions: [0] }])
  await collected.through('held')
})

check('fetch/two_consumers_of_different_groups_get_everything', async scope => {
  const topic = await scope.filled(['a', 'b', 'c'])
  const both = await Promise.all([scope.collect(topic), scope.collect(topic)])
  for (const collected of both) {
    assert.deepEqual(await collected.through('c'), ['a', 'b', 'c'])
  }
})

check('fetch/a_pattern_subscribes_to_the_topics_that_match', async scope => {
  const stem = scope.name('stem')
  const admin = await scope.admin()
  const names = ['one', 'two', 'other'].map(end => `${stem}.${end}`)
  await admin.createTopics({ topics: names.map(topic => ({ topic, numPartitions: 1 })) })
  for (const topic of names) await scope.readable(admin, topic)
  const producer = await scope.producer()
  for (const topic of names) await producer.send({ topic, messages: [{ value: topic }] })
  const collected = await scope.collect(new RegExp(`^${stem.replaceAll('.', '\\.')}\\.(one|two)$`))
  await collected.atLeast(2)
  assert.deepEqual(Object.keys(collected.joins[0].memberAssignment).sort(), names.slice(0, 2))
  assert.deepEqual(collected.values.sort(), names.slice(0, 2))
})
