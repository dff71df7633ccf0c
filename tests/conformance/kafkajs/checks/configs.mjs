import assert from 'node:assert/strict'
import { refused, until } from '../lib/scope.mjs'
import { check } from '../lib/suite.mjs'

const TOPIC = 2
const BROKER = 4
const FROM_TOPIC = 1
const FROM_DEFAULT = 5

async function entries(admin, topic, configNames, includeSynonyms = false) {
  const { resources } = await admin.describeConfigs({ resources: [{ type: TOPIC, name: topic, configNames }], includeSynonyms })
  assert.deepEqual([resources.length, resources[0].errorCode, resources[0].resourceName], [1, 0, topic])
  return Object.fromEntries(resources[0].configEntries.map(entry => [entry.configName, entry]))
}

check('configs/a_new_topic_has_the_defaults', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const all = await entries(admin, topic)
  const expected = {
    'cleanup.policy': 'delete',
    'compression.type': 'producer',
    'max.message.bytes': '1048588',
    'message.timestamp.type': 'CreateTime',
    'retention.bytes': '-1',
    'min.insync.replicas': '1',
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(all[name]?.configValue, value, name)
  assert.equal(all['cleanup.policy'].configSource, FROM_DEFAULT)
  assert.equal(all['cleanup.policy'].isDefault, true)
  assert.equal(all['cleanup.policy'].readOnly, false)
  assert.equal(all['cleanup.policy'].isSensitive, false)
})

check('configs/settings_given_at_creation_are_shown', async scope => {
  const admin = await scope.admin()
  const configEntries = [{ name: 'retention.ms', value: '777000' }, { name: 'cleanup.policy', value: 'compact' }]
  const topic = await scope.topic({ admin, configEntries })
  const shown = await entries(admin, topic, ['retention.ms', 'cleanup.policy'])
  assert.deepEqual(Object.keys(shown).sort(), ['cleanup.policy', 'retention.ms'])
  assert.deepEqual([shown['retention.ms'].configValue, shown['retention.ms'].configSource], ['777000', FROM_TOPIC])
  assert.equal(shown['retention.ms'].isDefault, false)
  assert.equal(shown['cleanup.policy'].configValue, 'compact')
})

check('configs/synonyms_name_the_source_of_a_setting', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin, configEntries: [{ name: 'max.message.bytes', value: '5000' }] })
  const shown = await entries(admin, topic, ['max.message.bytes'], true)
  const [own, ...others] = shown['max.message.bytes'].configSynonyms
  assert.deepEqual(own, { configName: 'max.message.bytes', configValue: '5000', configSource: FROM_TOPIC })
  const last = others.at(-1)
  assert.deepEqual(last, { configName: 'message.max.bytes', configValue: '1048588', configSource: FROM_DEFAULT })
})

check('configs/altered_settings_replace_all_former_ones', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin, configEntries: [{ name: 'retention.ms', value: '777000' }] })
  const configEntries = [{ name: 'max.message.bytes', value: '2000' }]
  await admin.alterConfigs({ resources: [{ type: TOPIC, name: topic, configEntries }] })
  await until(
    async () => (await entries(admin, topic))['max.message.bytes'].configValue === '2000',
    'the setting was altered',
    scope
  )
  const retention = (await entries(admin, topic, ['retention.ms']))['retention.ms']
  assert.notEqual(retention.configValue, '777000')
  assert.notEqual(retention.configSource, FROM_TOPIC)
})

check('configs/validate_only_alters_nothing', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const configEntries = [{ name: 'max.message.bytes', value: '2000' }]
  await admin.alterConfigs({ validateOnly: true, resources: [{ type: TOPIC, name: topic, configEntries }] })
  assert.equal((await entries(admin, topic))['max.message.bytes'].configValue, '1048588')
})

check('configs/an_unfit_value_is_refused', async scope => {
  const admin = await scope.admin()
  const topic = await scope.topic({ admin })
  const configEntries = [{ name: 'retention.ms', value: 'long' }]
  await refused(admin.alterConfigs({ resources: [{ type: TOPIC, name: topic, configEntries }] }), 'INVALID_CONFIG')
})

check('configs/an_unknown_topic_is_refused', async scope => {
  const admin = await scope.admin({ retry: { initialRetryTime: 20, retries: 1 } })
  const resources = [{ type: TOPIC, name: scope.name('nowhere') }]
  await refused(admin.describeConfigs({ resources, includeSynonyms: false }), 'UNKNOWN_TOPIC_OR_PARTITION')
})

check('configs/a_node_shows_its_settings', async scope => {
  const admin = await scope.admin()
  const { controller } = await admin.describeCluster()
  const configNames = ['message.max.bytes', 'num.partitions']
  const resources = [{ type: BROKER, name: String(controller), configNames }]
  const described = await admin.describeConfigs({ resources, includeSynonyms: false })
  const shown = Object.fromEntries(described.resources[0].configEntries.map(one => [one.configName, one.configValue]))
  assert.deepEqual(shown, { 'message.max.bytes': '1048588', 'num.partitions': '1' })
})
