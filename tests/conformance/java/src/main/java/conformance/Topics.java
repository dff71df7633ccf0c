package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Topics are made, refused, described and listed. */
@Area("topics")
final class Topics {
    private Topics() {}

    static void a_producer_makes_a_missing_topic(Scope scope) throws Exception {
        String topic = scope.name("auto");
        var metadata = Scope.send(scope.producer(), new ProducerRecord<>(topic, "k", "v"));
        same("offset", 0L, metadata.offset());
        same("partitions", brokerDefault(scope, "num.partitions"), scope.describe(topic).partitions().size());
    }

    static void a_consumer_makes_no_topic_unless_allowed(Scope scope) throws Exception {
        String topic = scope.name("missing");
        KafkaConsumer<String, String> consumer = scope.consumer();
        same("partitions", List.of(), Optional.ofNullable(consumer.partitionsFor(topic)).orElse(List.of()));
        fails(UnknownTopicOrPartitionException.class, () -> scope.describe(topic));
    }

    static void the_answer_tells_what_was_made(Scope scope) throws Exception {
        String topic = scope.name("topic");
        NewTopic asked = new NewTopic(topic, 3, (short) 1)
                .configs(Scope.pairs("cleanup.policy", "compact", "retention.ms", "3600000"));
        CreateTopicsResult answer = scope.admin().createTopics(List.of(asked));
        get(answer.all());
        same("partitions", 3, get(answer.numPartitions(topic)));
        same("replication factor", 1, get(answer.replicationFactor(topic)));
        Config config = get(answer.config(topic));
        same("cleanup.policy", "compact", config.get("cleanup.policy").value());
        same("source", ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, config.get("retention.ms").source());
        same("retention.ms", "3600000", config.get("retention.ms").value());
        same("default", ConfigEntry.ConfigSource.DEFAULT_CONFIG, config.get("message.timestamp.type").source());
        Uuid id = get(answer.topicId(topic));
        Expect.becomes("the id of the description", id, () -> scope.describe(topic).topicId());
    }

    static void configs_given_at_creation_are_read_back(Scope scope) throws Exception {
        String topic = scope.topic(1, "max.message.bytes", "2000", "min.insync.replicas", "1", "segment.ms", "60000");
        Config config = Configs.of(scope, topic);
        same("max.message.bytes", "2000", config.get("max.message.bytes").value());
        same("segment.ms", "60000", config.get("segment.ms").value());
        same("source", ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, config.get("min.insync.replicas").source());
    }

    static void defaults_of_the_broker_fill_what_is_not_said(Scope scope) throws Exception {
        String topic = scope.name("topic");
        NewTopic asked = new NewTopic(topic, Optional.empty(), Optional.empty());
        CreateTopicsResult answer = scope.admin().createTopics(List.of(asked));
        same("partitions", brokerDefault(scope, "num.partitions"), get(answer.numPartitions(topic)));
        same("factor", brokerDefault(scope, "default.replication.factor"), get(answer.replicationFactor(topic)));
    }

    static void an_existing_name_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(2);
        fails(TopicExistsException.class, create(scope, new NewTopic(topic, 5, (short) 1)));
        same("partitions afterwards", 2, scope.describe(topic).partitions().size());
    }

    static void one_bad_topic_does_not_harm_the_others_of_its_request(Scope scope) throws Exception {
        String old = scope.topic(1);
        String fresh = scope.name("topic");
        var answer = scope.admin()
                .createTopics(List.of(new NewTopic(old, 1, (short) 1), new NewTopic(fresh, 1, (short) 1)))
                .values();
        fails(TopicExistsException.class, answer.get(old));
        get(answer.get(fresh));
        scope.awaitLeaders(fresh, 1);
    }

    static void invalid_names_are_refused(Scope scope) {
        for (String name : List.of(".", "..", "a/b", "with space", "ümlaut", "x".repeat(250))) {
            fails(InvalidTopicException.class, create(scope, new NewTopic(name, 1, (short) 1)));
        }
    }

    static void a_name_may_be_249_characters_long(Scope scope) throws Exception {
        String start = scope.name("long.-_");
        scope.topic(start + "x".repeat(249 - start.length()), 1);
    }

    static void a_name_that_collides_by_dot_and_underscore_is_refused(Scope scope) throws Exception {
        String topic = scope.topic(scope.name("a.b"), 1);
        NewTopic colliding = new NewTopic(topic.replace("a.b", "a_b"), 1, (short) 1);
        fails(InvalidTopicException.class, create(scope, colliding));
    }

    static void an_invalid_number_of_partitions_is_refused(Scope scope) {
        for (int partitions : new int[] {0, -2}) {
            NewTopic topic = new NewTopic(scope.name("topic"), partitions, (short) 1);
            fails(InvalidPartitionsException.class, create(scope, topic));
        }
    }

    static void an_invalid_replication_factor_is_refused(Scope scope) {
        for (short factor : new short[] {0, -2, 1000}) {
            NewTopic topic = new NewTopic(scope.name("topic"), 1, factor);
            fails(InvalidReplicationFactorException.class, create(scope, topic));
        }
    }

    static void an_unknown_config_is_refused(Scope scope) {
        NewTopic topic = new NewTopic(scope.name("topic"), 1, (short) 1).configs(Map.of("no.such.config", "1"));
        fails(InvalidConfigurationException.class, create(scope, topic));
    }

    static void an_invalid_value_of_a_config_is_refused(Scope scope) {
        for (String[] bad : new String[][] {
            {"retention.ms", "soon"},
            {"cleanup.policy", "shred"},
            {"max.message.bytes", "-1"},
            {"message.timestamp.type", "Never"},
            {"compression.type", "rar"}
        }) {
            NewTopic topic = new NewTopic(scope.name("topic"), 1, (short) 1).configs(Scope.pairs(bad));
            fails(InvalidConfigurationException.class, create(scope, topic));
        }
    }

    static void replicas_may_be_assigned_by_hand(Scope scope) throws Exception {
        int node = anyNode(scope);
        String topic = scope.name("topic");
        get(create(scope, new NewTopic(topic, Map.of(0, List.of(node), 1, List.of(node)))));
        scope.awaitLeaders(topic, 2);
        for (TopicPartitionInfo partition : scope.describe(topic).partitions()) {
            same("replicas", List.of(node), partition.replicas().stream().map(Node::id).toList());
        }
    }

    static void an_assignment_with_a_gap_or_a_stranger_is_refused(Scope scope) throws Exception {
        int node = anyNode(scope);
        NewTopic gap = new NewTopic(scope.name("topic"), Map.of(0, List.of(node), 2, List.of(node)));
        fails(InvalidReplicaAssignmentException.class, create(scope, gap));
        NewTopic stranger = new NewTopic(scope.name("topic"), Map.of(0, List.of(4711)));
        fails(InvalidReplicaAssignmentException.class, create(scope, stranger));
        NewTopic twice = new NewTopic(scope.name("topic"), Map.of(0, List.of(node, node)));
        fails(InvalidReplicaAssignmentException.class, create(scope, twice));
    }

    static void validating_only_makes_nothing(Scope scope) throws Exception {
        String topic = scope.name("topic");
        CreateTopicsOptions options = new CreateTopicsOptions().validateOnly(true);
        CreateTopicsResult answer = scope.admin().createTopics(List.of(new NewTopic(topic, 4, (short) 1)), options);
        get(answer.all());
        same("partitions it would have", 4, get(answer.numPartitions(topic)));
        fails(UnknownTopicOrPartitionException.class, () -> scope.describe(topic));
        String old = scope.topic(1);
        fails(
                TopicExistsException.class,
                scope.admin().createTopics(List.of(new NewTopic(old, 1, (short) 1)), options).all());
    }

    static void a_description_is_complete(Scope scope) throws Exception {
        String topic = scope.topic(3);
        TopicDescription description = scope.describe(topic);
        same("name", topic, description.name());
        same("internal", false, description.isInternal());
        holds("it has an id", !description.topicId().equals(Uuid.ZERO_UUID));
        same("operations when not asked for", null, description.authorizedOperations());
        for (int i = 0; i < 3; i++) {
            TopicPartitionInfo partition = description.partitions().get(i);
            same("number", i, partition.partition());
            same("replicas", List.of(partition.leader()), partition.replicas());
            same("in sync", List.of(partition.leader()), partition.isr());
        }
    }

    static void a_topic_is_described_by_its_id(Scope scope) throws Exception {
        String topic = scope.topic(2);
        TopicDescription byName = scope.describe(topic);
        Uuid id = byName.topicId();
        TopicDescription byId =
                get(scope.admin().describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds()).get(id);
        same("name", topic, byId.name());
        same("id", id, byId.topicId());
        same("partitions", 2, byId.partitions().size());
        for (int i = 0; i < 2; i++) {
            same("leader", byName.partitions().get(i).leader(), byId.partitions().get(i).leader());
            same("replicas", byName.partitions().get(i).replicas(), byId.partitions().get(i).replicas());
            same("in sync", byName.partitions().get(i).isr(), byId.partitions().get(i).isr());
        }
    }

    static void an_unknown_id_is_told_apart_from_an_unknown_name(Scope scope) {
        TopicCollection ids = TopicCollection.ofTopicIds(List.of(Uuid.randomUuid()));
        fails(UnknownTopicIdException.class, scope.admin().describeTopics(ids).allTopicIds());
        fails(UnknownTopicOrPartitionException.class, () -> scope.describe(scope.name("nobody")));
    }

    static void without_an_authorizer_everything_is_allowed_on_a_topic(Scope scope) throws Exception {
        String topic = scope.topic(1);
        DescribeTopicsOptions options = new DescribeTopicsOptions().includeAuthorizedOperations(true);
        Set<AclOperation> expected = Set.of(
                AclOperation.READ,
                AclOperation.WRITE,
                AclOperation.CREATE,
                AclOperation.DELETE,
                AclOperation.ALTER,
                AclOperation.DESCRIBE,
                AclOperation.DESCRIBE_CONFIGS,
                AclOperation.ALTER_CONFIGS);
        var topics = get(scope.admin().describeTopics(List.of(topic), options).allTopicNames());
        same("operations", expected, topics.get(topic).authorizedOperations());
    }

    static void many_partitions_are_described_in_pages(Scope scope) throws Exception {
        String topic = scope.topic(25);
        DescribeTopicsOptions options = new DescribeTopicsOptions().partitionSizeLimitPerResponse(10);
        var topics = get(scope.admin().describeTopics(List.of(topic), options).allTopicNames());
        List<Integer> numbers =
                topics.get(topic).partitions().stream().map(TopicPartitionInfo::partition).toList();
        same("numbers", java.util.stream.IntStream.range(0, 25).boxed().toList(), numbers);
    }

    static void internal_topics_are_listed_only_when_asked_for(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaConsumer<String, String> consumer = scope.consumer("group.id", scope.name("group"));
        consumer.commitSync(Map.of(Scope.at(topic, 0), new OffsetAndMetadata(0)));
        Set<String> shown = get(scope.admin().listTopics().names());
        holds("the topic is listed", shown.contains(topic));
        holds("no internal one is listed", !shown.contains("__consumer_offsets"));
        var all = get(scope.admin().listTopics(new ListTopicsOptions().listInternal(true)).namesToListings());
        holds("`__consumer_offsets` is internal", all.get("__consumer_offsets").isInternal());
        same("the id in the list", scope.describe(topic).topicId(), all.get(topic).topicId());
    }

    private static java.util.concurrent.Future<Void> create(Scope scope, NewTopic topic) {
        return scope.admin().createTopics(List.of(topic)).all();
    }

    private static int anyNode(Scope scope) throws Exception {
        return get(scope.admin().describeCluster().nodes()).iterator().next().id();
    }

    private static int brokerDefault(Scope scope, String name) throws Exception {
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, Integer.toString(anyNode(scope)));
        Config config = get(scope.admin().describeConfigs(List.of(broker)).all()).get(broker);
        return Integer.parseInt(config.get(name).value());
    }
}
