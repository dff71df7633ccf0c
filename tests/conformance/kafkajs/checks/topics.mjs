import assert from 'node:assert/strict'
import { refused, until } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

const byId = (a, b) => a.partitionId - b.partitionId

check('topics/a_created_topic_is_listed_and_described', async scope => {
  const admin = await scope.admin()
  const topic = scope.name('topic')
  assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1 }] }), true)
  await scope.readable(admin, topic)
  assert.ok((await admin.listTopics()).includes(topic))
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const nodes = (await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId)
  assert.deepEqual(topics.map(({ name }) => name), [topic])
  const partitions = topics[0].partitions.sort(byId)
  assert.deepEqual(partitions.map(({ partitionId }) => partitionId), [0, 1, 2])
  for (const { partitionErrorCode, leader, replicas, isr, offlineReplicas } of partitions) {
    assert.ok(nodes.includes(leader))
    assert.deepEqual({ partitionErrorCode, replicas, isr }, { partitionErrorCode: 0, replicas: [leader], isr: [leader] })
    assert.deepEqual(offlineReplicas, [])
  }
})

check('topics/creating_an_existing_topic_returns_false', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin, numPartitions: 2 })
  assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 5 }] }), false)
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  assert.equal(topics[0].partitions.length, 2)
})

check('topics/topics_of_one_call_fare_each_on_their_own', async scope => {
  const admin = await scope.admin()
  const old = await scope.topic({ admin })
  const fresh = scope.name('topic')
  const unfit = admin.createTopics({ topics: [{ topic: old }, { topic: fresh, numPartitions: -5 }] })
  await refused(unfit, 'INVALID_PARTITIONS')
  assert.equal(await admin.createTopics({ topics: [{ topic: old }, { topic: fresh }] }), false)
  await until(async () => (await admin.listTopics()).includes(fresh), 'the new topic was listed', scope)
})

check('topics/validate_only_creates_nothing', async scope => {
  const admin = await scope.admin()
  const topic = scope.name('topic')
  const asked = { topics: [{ topic, numPartitions: 1 }], validateOnly: true }
  assert.equal(await admin.createTopics(asked), true)
  assert.ok(!(await admin.listTopics()).includes(topic))
})

check('topics/partitions_and_replicas_default_to_the_broker_settings', async scope => {
  const admin = await scope.admin()
  const topic = scope.name('topic')
  await admin.createTopics({ topics: [{ topic }] })
  await scope.readable(admin, topic)
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  assert.equal(topics[0].partitions.length, 1)
})

check('topics/an_unfit_number_of_partitions_is_refused', async scope => {
  const admin = await scope.admin()
  const topic = scope.name('topic')
  await refused(admin.createTopics({ topics: [{ topic, numPartitions: 0 }] }), 'INVALID_PARTITIONS')
  assert.ok(!(await admin.listTopics()).includes(topic))
})

check('topics/more_replicas_than_nodes_are_refused', async scope => {
  const admin = await scope.admin()
  const topics = [{ topic: scope.name('topic'), numPartitions: 1, replicationFactor: 99 }]
  await refused(admin.createTopics({ topics }), 'INVALID_REPLICATION_FACTOR')
})

check('topics/an_unfit_name_is_refused', async scope => {
  const admin = await scope.admin()
  for (const topic of ['with space', '..', 'x'.repeat(250)]) {
    await refused(admin.createTopics({ topics: [{ topic }] }), 'INVALID_TOPIC_EXCEPTION')
  }
})

check('topics/an_unknown_setting_is_refused', async scope => {
  const admin = await scope.admin()
  const configEntries = [{ name: 'no.such.setting', value: '1' }]
  await refused(admin.createTopics({ topics: [{ topic: scope.name('topic'), configEntries }] }), 'INVALID_CONFIG')
})

check('topics/a_given_assignment_is_kept', async scope => {
  const admin = await scope.admin()
  const { brokers } = await admin.describeCluster()
  const topic = scope.name('topic')
  const replicaAssignment = [0, 1].map(partition => ({ partition, replicas: [brokers[0].nodeId] }))
  await admin.createTopics({ topics: [{ topic, numPartitions: -1, replicationFactor: -1, replicaAssignment }] })
  await scope.readable(admin, topic)
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  assert.deepEqual(topics[0].partitions.map(({ replicas }) => replicas), [[brokers[0].nodeId], [brokers[0].nodeId]])
})

check('topics/an_assignment_to_an_unknown_node_is_refused', async scope => {
  const admin = await scope.admin()
  const replicaAssignment = [{ partition: 0, replicas: [4242] }]
  const topics = [{ topic: scope.name('topic'), numPartitions: -1, replicationFactor: -1, replicaAssignment }]
  await refused(admin.createTopics({ topics }), 'INVALID_REPLICA_ASSIGNMENT')
})

check('topics/added_partitions_can_be_written', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  await until(
    async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length === 3,
    'three partitions were known',
    scope
  )
  const producer = await scope.producer()
  const [sent] = await producer.send({ topic, messages: [{ value: 'new', partition: 2 }] })
  assert.deepEqual([sent.partition, sent.baseOffset, sent.errorCode], [2, '0', 0])
})

check('topics/fewer_or_as_many_partitions_are_refused', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin, numPartitions: 3 })
  for (const count of [2, 3]) {
    await refused(admin.createPartitions({ topicPartitions: [{ topic, count }] }), 'INVALID_PARTITIONS')
  }
})

check('topics/partitions_of_an_unknown_topic_are_refused', async scope => {
  const admin = await scope.admin()
  const topicPartitions = [{ topic: scope.name('nowhere'), count: 3 }]
  await refused(admin.createPartitions({ topicPartitions }), 'UNKNOWN_TOPIC_OR_PARTITION')
})

check('topics/a_deleted_topic_is_gone', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a'], { admin })
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic), 'the topic was gone', scope)
})

check('topics/deleting_an_unknown_topic_is_refused', async scope => {
  const admin = await scope.admin({ retry: { initialRetryTime: 20, retries: 1 } })
  await refused(admin.deleteTopics({ topics: [scope.name('nowhere')] }), 'UNKNOWN_TOPIC_OR_PARTITION')
})

check('topics/a_topic_made_anew_is_empty', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['old', 'older'], { admin })
  await admin.deleteTopics({ topics: [topic] })
  await until(async () => !(await admin.listTopics()).includes(topic), 'the topic was gone', scope)
  assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }), true)
  await scope.readable(admin, topic)
  const producer = await scope.producer()
  const [sent] = await producer.send({ topic, messages: [{ value: 'new' }] })
  assert.equal(sent.baseOffset, '0')
  const collected = await scope.collect(topic)
  assert.deepEqual(await collected.through('new'), ['new'])
})
