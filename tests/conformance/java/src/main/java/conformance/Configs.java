package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSynonym;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigType;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Settings of topics and brokers are shown, changed and obeyed. */
@Area("configs")
final class Configs {
    private Configs() {}

    static void defaults_of_a_topic_are_those_of_kafka(Scope scope) throws Exception {
        Config config = of(scope, scope.topic(1));
        Map<String, String> expected = Map.of(
                "cleanup.policy", "delete",
                "compression.type", "producer",
                "delete.retention.ms", "86400000",
                "max.message.bytes", "1048588",
                "message.timestamp.type", "CreateTime",
                "min.cleanable.dirty.ratio", "0.5",
                "retention.bytes", "-1",
                "segment.ms", "604800000",
                "unclean.leader.election.enable", "false");
        expected.forEach((name, value) -> {
            ConfigEntry entry = config.get(name);
            holds("`" + name + "` is there", entry != null);
            same(name, value, entry.value());
            same("source of " + name, ConfigSource.DEFAULT_CONFIG, entry.source());
            same(name + " is read only", false, entry.isReadOnly());
            same(name + " is sensitive", false, entry.isSensitive());
        });
    }

    static void a_topic_has_the_settings_of_kafka(Scope scope) throws Exception {
        Config config = of(scope, scope.topic(1));
        for (String name : List.of(
                "cleanup.policy", "compression.type", "delete.retention.ms", "file.delete.delay.ms",
                "flush.messages", "flush.ms", "follower.replication.throttled.replicas",
                "index.interval.bytes", "leader.replication.throttled.replicas", "local.retention.bytes",
                "local.retention.ms", "max.compaction.lag.ms", "max.message.bytes",
                "message.timestamp.after.max.ms", "message.timestamp.before.max.ms",
                "message.timestamp.type", "min.cleanable.dirty.ratio", "min.compaction.lag.ms",
                "min.insync.replicas", "preallocate", "remote.storage.enable", "retention.bytes",
                "retention.ms", "segment.bytes", "segment.index.bytes", "segment.jitter.ms", "segment.ms",
                "unclean.leader.election.enable")) {
            holds("`" + name + "` is there", config.get(name) != null);
        }
    }

    static void synonyms_tell_where_a_value_comes_from(Scope scope) throws Exception {
        String topic = scope.topic(1, "max.message.bytes", "5000");
        Config config = with(scope, topic, new DescribeConfigsOptions().includeSynonyms(true));
        same(
                "synonyms of a set value",
                List.of(
                        "max.message.bytes=5000 DYNAMIC_TOPIC_CONFIG",
                        "message.max.bytes=1048588 DEFAULT_CONFIG"),
                synonyms(config.get("max.message.bytes")));
        same(
                "synonyms of a default",
                List.of("log.index.size.max.bytes=10485760 DEFAULT_CONFIG"),
                synonyms(config.get("segment.index.bytes")));
        same("synonyms when not asked for", List.of(), synonyms(of(scope, topic).get("max.message.bytes")));
    }

    static void documentation_comes_only_when_asked_for(Scope scope) throws Exception {
        String topic = scope.topic(1);
        ConfigEntry entry =
                with(scope, topic, new DescribeConfigsOptions().includeDocumentation(true)).get("cleanup.policy");
        holds("it is documented", entry.documentation() != null && entry.documentation().length() > 20);
        same("when not asked for", null, of(scope, topic).get("cleanup.policy").documentation());
    }

    static void values_have_types(Scope scope) throws Exception {
        Config config = of(scope, scope.topic(1));
        same("cleanup.policy", ConfigType.LIST, config.get("cleanup.policy").type());
        same("retention.ms", ConfigType.LONG, config.get("retention.ms").type());
        same("max.message.bytes", ConfigType.INT, config.get("max.message.bytes").type());
        same("preallocate", ConfigType.BOOLEAN, config.get("preallocate").type());
        same("compression.type", ConfigType.STRING, config.get("compression.type").type());
        same("min.cleanable.dirty.ratio", ConfigType.DOUBLE, config.get("min.cleanable.dirty.ratio").type());
    }

    static void settings_of_a_missing_topic_are_not_described(Scope scope) {
        fails(UnknownTopicOrPartitionException.class, () -> of(scope, scope.name("missing")));
    }

    static void settings_of_a_broker_are_described(Scope scope) throws Exception {
        ConfigResource broker = broker(scope);
        Config config = get(scope.admin().describeConfigs(List.of(broker)).all()).get(broker);
        same("message.max.bytes", "1048588", config.get("message.max.bytes").value());
        same("message.max.bytes is read only", false, config.get("message.max.bytes").isReadOnly());
        same("auto.create.topics.enable", "true", config.get("auto.create.topics.enable").value());
        same("auto.create.topics.enable is read only", true, config.get("auto.create.topics.enable").isReadOnly());
        same("source", ConfigSource.STATIC_BROKER_CONFIG, config.get("auto.create.topics.enable").source());
        same("node.id", broker.name(), config.get("node.id").value());
        same("offsets.topic.num.partitions is there", true, config.get("offsets.topic.num.partitions") != null);
    }

    static void a_value_is_set_and_deleted(Scope scope) throws Exception {
        String topic = scope.topic(1);
        get(alter(scope, topic, OpType.SET, "retention.bytes", "12345"));
        becomes(scope, topic, "retention.bytes", "12345");
        same("source", ConfigSource.DYNAMIC_TOPIC_CONFIG, of(scope, topic).get("retention.bytes").source());
        get(alter(scope, topic, OpType.DELETE, "retention.bytes", null));
        becomes(scope, topic, "retention.bytes", "-1");
        same("source", ConfigSource.DEFAULT_CONFIG, of(scope, topic).get("retention.bytes").source());
    }

    static void values_of_a_list_are_appended_and_subtracted(Scope scope) throws Exception {
        String topic = scope.topic(1);
        get(alter(scope, topic, OpType.APPEND, "cleanup.policy", "compact"));
        becomes(scope, topic, "cleanup.policy", "delete,compact");
        get(alter(scope, topic, OpType.SUBTRACT, "cleanup.policy", "delete"));
        becomes(scope, topic, "cleanup.policy", "compact");
    }

    static void only_lists_are_appended_to(Scope scope) throws Exception {
        String topic = scope.topic(1);
        fails(
                InvalidConfigurationException.class,
                alter(scope, topic, OpType.APPEND, "retention.bytes", "1"));
        fails(
                InvalidConfigurationException.class,
                alter(scope, topic, OpType.SUBTRACT, "retention.bytes", "1"));
    }

    static void one_change_leaves_the_other_values(Scope scope) throws Exception {
        String topic = scope.topic(1, "segment.ms", "60000");
        get(alter(scope, topic, OpType.SET, "retention.bytes", "999"));
        becomes(scope, topic, "retention.bytes", "999");
        same("segment.ms", "60000", of(scope, topic).get("segment.ms").value());
    }

    static void validating_only_changes_nothing(Scope scope) throws Exception {
        String topic = scope.topic(1);
        AlterConfigsOptions options = new AlterConfigsOptions().validateOnly(true);
        Map<ConfigResource, Collection<AlterConfigOp>> good = change(topic, OpType.SET, "retention.bytes", "7");
        get(scope.admin().incrementalAlterConfigs(good, options).all());
        same("retention.bytes", "-1", of(scope, topic).get("retention.bytes").value());
        Map<ConfigResource, Collection<AlterConfigOp>> bad = change(topic, OpType.SET, "retention.bytes", "seven");
        fails(InvalidConfigurationException.class, scope.admin().incrementalAlterConfigs(bad, options).all());
    }

    static void an_invalid_change_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(1);
        for (String[] bad : new String[][] {
            {"retention.bytes", "many"}, {"cleanup.policy", "shred"}, {"no.such.config", "1"}, {"segment.ms", "0"}
        }) {
            fails(InvalidConfigurationException.class, alter(scope, topic, OpType.SET, bad[0], bad[1]));
        }
    }

    static void one_invalid_change_spoils_all_of_its_topic(Scope scope) throws Exception {
        String topic = scope.topic(1);
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        List<AlterConfigOp> ops = List.of(
                new AlterConfigOp(new ConfigEntry("retention.bytes", "7"), OpType.SET),
                new AlterConfigOp(new ConfigEntry("segment.ms", "never"), OpType.SET));
        fails(InvalidConfigurationException.class, scope.admin().incrementalAlterConfigs(Map.of(resource, ops)).all());
        same("retention.bytes", "-1", of(scope, topic).get("retention.bytes").value());
    }

    static void a_key_must_be_changed_once_only(Scope scope) throws Exception {
        String topic = scope.topic(1);
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        List<AlterConfigOp> twice = List.of(
                new AlterConfigOp(new ConfigEntry("retention.bytes", "7"), OpType.SET),
                new AlterConfigOp(new ConfigEntry("retention.bytes", "8"), OpType.SET));
        fails(InvalidRequestException.class, scope.admin().incrementalAlterConfigs(Map.of(resource, twice)).all());
    }

    static void settings_of_a_missing_topic_are_not_changed(Scope scope) {
        String topic = scope.name("missing");
        fails(
                UnknownTopicOrPartitionException.class,
                alter(scope, topic, OpType.SET, "retention.bytes", "1"));
    }

    static void a_read_only_setting_of_a_broker_is_not_changed(Scope scope) throws Exception {
        List<AlterConfigOp> ops =
                List.of(new AlterConfigOp(new ConfigEntry("auto.create.topics.enable", "true"), OpType.SET));
        fails(
                InvalidRequestException.class,
                scope.admin().incrementalAlterConfigs(Map.of(broker(scope), ops)).all());
    }

    static void a_changed_limit_is_obeyed_by_the_next_record(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.producer();
        Scope.put(producer, topic, 0, "x".repeat(5000));
        get(alter(scope, topic, OpType.SET, "max.message.bytes", "1000"));
        becomes(scope, topic, "max.message.bytes", "1000");
        fails(RecordTooLargeException.class, () -> Scope.put(producer, topic, 0, "x".repeat(5000)));
    }

    @Waits
    static void old_records_are_removed_when_their_retention_is_over(Scope scope) throws Exception {
        String topic = scope.topic(1, "retention.ms", "1000", "file.delete.delay.ms", "0");
        long old = System.currentTimeMillis() - 3_600_000;
        Scope.send(scope.producer(), new ProducerRecord<>(topic, 0, old, null, "old"));
        Scope.send(scope.producer(), new ProducerRecord<>(topic, 0, old, null, "old"));
        var consumer = scope.consumer();
        Expect.becomes("the beginning", 2L, () -> consumer.beginningOffsets(Set.of(Scope.at(topic, 0)))
                .get(Scope.at(topic, 0)));
        same("the next offset", 2L, scope.put(topic, 0, "new").get(0).offset());
    }

    @Waits
    static void a_compacted_topic_keeps_the_last_value_of_each_key(Scope scope) throws Exception {
        String topic = scope.topic(
                1, "cleanup.policy", "compact", "segment.ms", "100", "min.cleanable.dirty.ratio", "0.01",
                "delete.retention.ms", "0", "max.compaction.lag.ms", "200");
        KafkaProducer<String, String> producer = scope.producer();
        for (String[] pair : new String[][] {{"a", "1"}, {"b", "1"}, {"a", "2"}, {"c", "1"}, {"a", "3"}}) {
            Scope.send(producer, new ProducerRecord<>(topic, 0, pair[0], pair[1]));
        }
        List<String> expected = List.of("b=1@1", "c=1@3", "a=3@4");
        Expect.eventually("the compaction", () -> {
            // The last segment is never compacted, so something must follow.
            Scope.send(producer, new ProducerRecord<>(topic, 0, "end", "end"));
            return keyed(scope, topic);
        }, found -> found.equals(expected));
    }

    private static List<String> keyed(Scope scope, String topic) {
        var place = Scope.at(topic, 0);
        List<String> found = new ArrayList<>();
        try (var consumer = scope.reader(Set.of(place))) {
            long end = consumer.endOffsets(Set.of(place)).get(place);
            while (consumer.position(place) < end) {
                consumer.poll(Scope.POLL).forEach(record -> {
                    if (!record.key().equals("end")) {
                        found.add(record.key() + "=" + record.value() + "@" + record.offset());
                    }
                });
            }
        }
        return found;
    }

    static Config of(Scope scope, String topic) throws Exception {
        return with(scope, topic, new DescribeConfigsOptions());
    }

    private static Config with(Scope scope, String topic, DescribeConfigsOptions options) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return get(scope.admin().describeConfigs(List.of(resource), options).all()).get(resource);
    }

    private static ConfigResource broker(Scope scope) throws Exception {
        int id = get(scope.admin().describeCluster().nodes()).iterator().next().id();
        return new ConfigResource(ConfigResource.Type.BROKER, Integer.toString(id));
    }

    private static void becomes(Scope scope, String topic, String name, String value) throws Exception {
        Expect.becomes(name, value, () -> of(scope, topic).get(name).value());
    }

    private static Future<Void> alter(Scope scope, String topic, OpType type, String name, String value) {
        return scope.admin().incrementalAlterConfigs(change(topic, type, name, value)).all();
    }

    private static Map<ConfigResource, Collection<AlterConfigOp>> change(
            String topic, OpType type, String name, String value) {
        return Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, topic),
                Arrays.asList(new AlterConfigOp(new ConfigEntry(name, value), type)));
    }

    private static List<String> synonyms(ConfigEntry entry) {
        List<String> all = new ArrayList<>();
        for (ConfigSynonym synonym : entry.synonyms()) {
            all.add(synonym.name() + "=" + synonym.value() + " " + synonym.source());
        }
        return all;
    }
}
