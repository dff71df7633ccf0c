import assert from 'node:assert/strict'
import { load } from '../lib/packages.mjs'
import { refused, until } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

const { AssignerProtocol } = load('kafkajs')

async function described(admin, groupId) {
  const { groups } = await admin.describeGroups([groupId])
  assert.equal(groups.length, 1)
  return groups[0]
}

/** Waits until the members hold these partitions between them, none twice. */
const shared = (members, topic, partitions, scope) =>
  until(
    () => {
      const held = members.flatMap(member => member.assigned(topic))
      return members.every(member => member.assigned(topic).length > 0) && `${held.sort()}` === `${partitions}`
    },
    `the members shared ${partitions}`,
    scope
  )

check('groups/the_only_member_leads_and_gets_every_partition', async scope => {
  const topic = await scope.topic({ numPartitions: 3 })
  const groupId = scope.name('group')
  const member = await scope.collect(topic, { groupId })
  await until(() => member.joins.length > 0, 'the group was joined', scope)
  const [join] = member.joins
  assert.deepEqual([join.groupId, join.isLeader, join.groupProtocol], [groupId, true, 'RoundRobinAssigner'])
  assert.equal(join.leaderId, join.memberId)
  assert.match(join.memberId, /^conformance-.+-[0-9a-f-]{36}$/)
  assert.deepEqual(member.assigned(topic), [0, 1, 2])
})

check('groups/two_members_split_the_partitions', async scope => {
  const topic = await scope.topic({ numPartitions: 4 })
  const groupId = scope.name('group')
  const members = [await scope.collect(topic, { groupId }), await scope.collect(topic, { groupId })]
  await shared(members, topic, [0, 1, 2, 3], scope)
  assert.deepEqual(members.map(member => member.assigned(topic).length), [2, 2])
  assert.equal(members[0].joins.at(-1).leaderId, members[1].joins.at(-1).leaderId)
  const producer = await scope.producer()
  await producer.send({ topic, messages: [0, 1, 2, 3].map(partition => ({ value: `p${partition}`, partition })) })
  await until(() => members.flatMap(({ values }) => values).length === 4, 'four records came', scope)
  for (const member of members) {
    assert.deepEqual(member.messages.map(({ partition }) => partition).sort(), member.assigned(topic))
  }
})

check('groups/the_rest_take_over_when_a_member_leaves', async scope => {
  const topic = await scope.topic({ numPartitions: 4 })
  const groupId = scope.name('group')
  const members = [await scope.collect(topic, { groupId }), await scope.collect(topic, { groupId })]
  await shared(members, topic, [0, 1, 2, 3], scope)
  await members[1].consumer.disconnect()
  await shared(members.slice(0, 1), topic, [0, 1, 2, 3], scope)
})

check('groups/a_third_member_of_two_partitions_gets_none', async scope => {
  const topic = await scope.topic({ numPartitions: 2 })
  const groupId = scope.name('group')
  const members = []
  for (let i = 0; i < 3; i += 1) members.push(await scope.collect(topic, { groupId }))
  const admin = await scope.admin()
  const settled = async () => {
    const { state, members: known } = await described(admin, groupId)
    const held = members.map(member => member.assigned(topic).length).sort()
    return state === 'Stable' && known.length === 3 && `${held}` === '0,1,1'
  }
  await until(settled, 'three members held 0, 1 and 1 partitions', scope)
})

check('groups/a_stable_group_is_described_with_its_members', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin, numPartitions: 2 })
  const groupId = scope.name('group')
  const member = await scope.collect(topic, { groupId })
  await until(() => member.joins.length > 0, 'the group was joined', scope)
  const group = await described(admin, groupId)
  assert.deepEqual(
    [group.groupId, group.errorCode, group.state, group.protocolType, group.protocol, group.members.length],
    [groupId, 0, 'Stable', 'consumer', 'RoundRobinAssigner', 1]
  )
  const [{ memberId, clientId, clientHost, memberMetadata, memberAssignment }] = group.members
  assert.deepEqual([memberId, clientId], [member.joins[0].memberId, `conformance-${scope.id}`])
  assert.match(clientHost, /^\/127\.0\.0\.1$/)
  assert.deepEqual(AssignerProtocol.MemberMetadata.decode(memberMetadata).topics, [topic])
  assert.deepEqual(AssignerProtocol.MemberAssignment.decode(memberAssignment).assignment, { [topic]: [0, 1] })
})

check('groups/a_group_whose_members_left_is_empty', async scope => {
  const admin = await scope.admin()
  const topic = await scope.filled(['a'], { admin })
  const groupId = scope.name('group')
  const member = await scope.collect(topic, { groupId })
  await member.through('a')
  await member.consumer.disconnect()
  const group = await described(admin, groupId)
  assert.deepEqual([group.state, group.protocolType, group.members], ['Empty', 'consumer', []])
})

check('groups/an_unknown_group_is_described_as_dead', async scope => {
  const admin = await scope.admin()
  const group = await described(admin, scope.name('nobody'))
  assert.deepEqual([group.errorCode, group.state, group.members], [0, 'Dead', []])
})

check('groups/a_group_is_listed_with_its_protocol_type', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const groupId = scope.name('group')
  const member = await scope.collect(topic, { groupId })
  await until(() => member.joins.length > 0, 'the group was joined', scope)
  const listed = (await admin.listGroups()).groups.filter(group => group.groupId === groupId)
  assert.deepEqual(listed, [{ groupId, protocolType: 'consumer' }])
})

check('groups/a_group_with_members_is_not_deleted', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const groupId = scope.name('group')
  const member = await scope.collect(topic, { groupId })
  await until(() => member.joins.length > 0, 'the group was joined', scope)
  await refused(admin.deleteGroups([groupId]), 'NON_EMPTY_GROUP')
})

check('groups/an_empty_group_is_deleted_with_its_offsets', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const groupId = scope.name('group')
  await scope.commit(groupId, [topic], '5')
  const [result] = await admin.deleteGroups([groupId])
  assert.deepEqual([result.groupId, result.errorCode], [groupId, 0])
  const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] })
  assert.equal(answer.partitions[0].offset, '-1')
  assert.ok(!(await admin.listGroups()).groups.some(group => group.groupId === groupId))
})

check('groups/deleting_an_unknown_group_is_refused', async scope => {
  const admin = await scope.admin()
  await refused(admin.deleteGroups([scope.name('nobody')]), 'GROUP_ID_NOT_FOUND')
})

check('groups/heartbeats_keep_a_member_past_its_session', async scope => {
  const topic = await scope.filled(['slow', 'next'])
  const collected = await scope.collect(topic, {
    sessionTimeout: 6_000,
    run: {
      eachBatch: async ({ batch, heartbeat, resolveOffset }) => {
        for (const message of batch.messages) {
          const end = Date.now() + (message.value.toString() === 'slow' ? 7_000 : 0)
          while (Date.now() < end) {
            await heartbeat()
            await new Promise(resolve => setTimeout(resolve, 100))
          }
          collected.add(batch.topic, batch.partition, message)
          resolveOffset(message.offset)
        }
      },
    },
  })
  await collected.through('next')
  assert.deepEqual([collected.values, collected.joins.length], [['slow', 'next'], 1])
})

check('groups/a_member_that_falls_silent_loses_its_partitions', async scope => {
  const topic = await scope.filled(['a'], { numPartitions: 1 })
  const groupId = scope.name('group')
  let release
  const stuck = new Promise(resolve => (release = resolve))
  const silent = await scope.collect(topic, { groupId, run: { eachMessage: () => stuck } })
  await until(() => silent.joins.length > 0, 'the first joined', scope)
  const second = await scope.collect(topic, { groupId, rebalanceTimeout: 6_000 })
  try {
    assert.deepEqual(await second.through('a'), ['a'])
  } finally {
    release()
  }
})

check('groups/a_session_timeout_outside_the_limits_is_refused', async scope => {
  const topic = await scope.topic()
  const consumer = await scope.consumer({ sessionTimeout: 500, retry: { retries: 1, initialRetryTime: 20 } })
  const crashes = []
  consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload.error))
  await consumer.subscribe({ topics: [topic] })
  const running = consumer.run({ eachMessage: async () => {} }).catch(error => crashes.push(error))
  await until(() => crashes.length > 0, 'the consumer ended', scope)
  await refused(Promise.reject(crashes[0]), 'INVALID_SESSION_TIMEOUT')
  await running
})

check('groups/new_partitions_are_taken_up', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const member = await scope.collect(topic, { metadataMaxAge: 300 })
  await until(() => member.joins.length > 0, 'the group was joined', scope)
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  await shared([member], topic, [0, 1, 2], scope)
})
