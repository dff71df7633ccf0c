// What a check works with: clients that end with it, and names that nobody else uses.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { load } from './packages.mjs'

const { Kafka, logLevel, Partitioners } = load('kafkajs')

export const bootstrap = (process.env.PROBE_BOOTSTRAP ?? '').split(',').filter(Boolean)

const RETRY = { initialRetryTime: 50, maxRetryTime: 400, retries: 8 }

/** Resolves when `condition` returns something true, and with that; the deadline of the check bounds the wait. */
export async function until(condition, what, scope) {
  for (;;) {
    const value = await condition()
    if (value) return value
    if (scope.closed) throw new Error(`gave up waiting until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** What one consumer received, in the order in which it came. */
export class Collected {
  constructor(consumer, scope) {
    Object.assign(this, { consumer, scope, messages: [], joins: [] })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.joins.push(payload))
  }

  add(topic, partition, message) {
    this.messages.push({ topic, partition, ...message })
  }

  get values() {
    return this.messages.map(({ value }) => value?.toString() ?? null)
  }

  /** Waits until `count` messages came and returns all that came. */
  async atLeast(count) {
    await until(() => this.messages.length >= count, `${count} messages came`, this.scope)
    return this.messages
  }

  /** Waits until a message of this value came, and returns the values of all that came. */
  async through(value) {
    await until(() => this.values.includes(value), `\`${value}\` came`, this.scope)
    return this.values
  }

  /** Returns the partitions that the last join gave to this member. */
  assigned(topic) {
    return [...(this.joins.at(-1)?.memberAssignment[topic] ?? [])].sort()
  }
}

export class Scope {
  constructor(name) {
    this.id = `${name.replaceAll(/[^a-z0-9]+/g, '-').slice(0, 60)}-${randomUUID().slice(0, 8)}`
    this.closed = false
    this.open = []
    this.count = 0
  }

  async close() {
    this.closed = true
    await Promise.allSettled(this.open.reverse().map(client => client.disconnect()))
  }

  kafka(options = {}) {
    const clientId = `conformance-${this.id}`
    return new Kafka({ clientId, brokers: bootstrap, logLevel: logLevel.NOTHING, retry: RETRY, ...options })
  }

  async connected(client) {
    this.open.push(client)
    await client.connect()
    return client
  }

  async admin(options = {}) {
    const admin = await this.connected(this.kafka(options).admin())
    // What kafkajs does to wait for the leaders fails where the node has not heard of the topic yet.
    return { ...admin, createTopics: asked => admin.createTopics({ waitForLeaders: false, ...asked }) }
  }

  producer(options = {}) {
    const createPartitioner = Partitioners.DefaultPartitioner
    const defaults = { createPartitioner, allowAutoTopicCreation: false }
    return this.connected(this.kafka().producer({ ...defaults, ...options }))
  }

  transactional(options = {}) {
    const defaults = { transactionalId: this.name('transaction'), idempotent: true, maxInFlightRequests: 1 }
    return this.producer({ ...defaults, ...options })
  }

  /** Returns a name that is unique to this check. */
  name(kind) {
    this.count += 1
    return `js-${kind}-${this.id}-${this.count}`
  }

  /** Makes a topic and returns its name. */
  async topic({ admin, ...options } = {}) {
    const topic = this.name('topic')
    const by = admin ?? (await this.admin())
    assert.equal(await by.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1, ...options }] }), true)
    await this.readable(by, topic)
    return topic
  }

  /** Waits until a new topic can be read: the controller answers before the node has made the logs. */
  async readable(admin, topic) {
    const offsets = () => admin.fetchTopicOffsets(topic).catch(() => [])
    return until(async () => (await offsets()).length > 0, 'the topic could be read', this)
  }

  /** Makes a topic of these values, all in partition 0. */
  async filled(values, options = {}) {
    const topic = await this.topic(options)
    const producer = await this.producer()
    await producer.send({ topic, messages: values.map(value => ({ value, partition: 0 })) })
    return topic
  }

  consumer(options = {}) {
    const waits = { sessionTimeout: 6_000, rebalanceTimeout: 6_000, heartbeatInterval: 200, maxWaitTimeInMs: 100 }
    const groupId = options.groupId ?? this.name('group')
    return this.connected(this.kafka().consumer({ groupId, allowAutoTopicCreation: false, ...waits, ...options }))
  }

  /** Stores an offset for partition 0 of each topic, as a member that leaves again. */
  async commit(groupId, topics, offset) {
    const { consumer, joins } = await this.collect(topics, { groupId, run: { autoCommit: false } })
    await until(() => joins.length > 0, 'the group was joined', this)
    await consumer.commitOffsets(topics.map(topic => ({ topic, partition: 0, offset })))
    await consumer.disconnect()
  }

  /** Starts a consumer that keeps what it receives. */
  async collect(topics, { fromBeginning = true, run = {}, ...options } = {}) {
    const consumer = await this.consumer(options)
    const collected = new Collected(consumer, this)
    await consumer.subscribe({ topics: [topics].flat(), fromBeginning })
    const eachMessage = async ({ topic, partition, message }) => collected.add(topic, partition, message)
    await consumer.run(run.eachBatch ? run : { eachMessage, ...run })
    return collected
  }
}

/** Every error that hides in this one. */
function* unwrapped(error) {
  if (!error) return
  yield error
  yield* unwrapped(error.cause)
  for (const inner of error.errors ?? []) yield* unwrapped(inner)
  for (const partition of error.partitions ?? []) yield* unwrapped(partition.error)
  for (const group of error.groups ?? []) yield* unwrapped(group.error)
  yield* unwrapped(error.originalError)
}

/** Requires that a call fails with Kafka's error of this name, such as `TOPIC_ALREADY_EXISTS`. */
export async function refused(call, type) {
  let error
  try {
    await call
  } catch (thrown) {
    error = thrown
  }
  assert.ok(error, `expected \`${type}\`, but the call succeeded`)
  const found = [...unwrapped(error)]
  const types = found.map(one => one.type).filter(Boolean)
  assert.ok(types.includes(type), `expected \`${type}\`, but got \`${types}\`: ${found.map(one => one.message)}`)
}
