package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Topics grow, go and come back. */
@Area("topics")
final class TopicChanges {
    private TopicChanges() {}

    static void partitions_are_added_and_take_records(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "old");
        get(grow(scope, topic, NewPartitions.increaseTo(3)));
        scope.awaitLeaders(topic, 3);
        Scope.put(scope.producer(), topic, 2, "new");
        same("the old partition", List.of("old"), scope.all(topic, 0, "read_uncommitted"));
        same("the new partition", List.of("new"), scope.all(topic, 2, "read_uncommitted"));
    }

    static void partitions_are_never_taken_away(Scope scope) throws Exception {
        String topic = scope.topic(3);
        fails(InvalidPartitionsException.class, grow(scope, topic, NewPartitions.increaseTo(2)));
        fails(InvalidPartitionsException.class, grow(scope, topic, NewPartitions.increaseTo(3)));
        fails(InvalidPartitionsException.class, grow(scope, topic, NewPartitions.increaseTo(0)));
        same("partitions afterwards", 3, scope.describe(topic).partitions().size());
    }

    static void partitions_of_a_missing_topic_are_refused(Scope scope) {
        String topic = scope.name("missing");
        fails(UnknownTopicOrPartitionException.class, grow(scope, topic, NewPartitions.increaseTo(2)));
    }

    static void new_partitions_may_be_assigned_by_hand(Scope scope) throws Exception {
        String topic = scope.topic(1);
        int node = scope.describe(topic).partitions().get(0).leader().id();
        List<List<Integer>> tooFew = List.of(List.of(node));
        fails(InvalidReplicaAssignmentException.class, grow(scope, topic, NewPartitions.increaseTo(3, tooFew)));
        get(grow(scope, topic, NewPartitions.increaseTo(2, List.of(List.of(node)))));
        scope.awaitLeaders(topic, 2);
        List<Node> replicas = scope.describe(topic).partitions().get(1).replicas();
        same("replicas", List.of(node), replicas.stream().map(Node::id).toList());
    }

    static void validating_only_adds_no_partition(Scope scope) throws Exception {
        String topic = scope.topic(1);
        CreatePartitionsOptions options = new CreatePartitionsOptions().validateOnly(true);
        get(scope.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(4)), options).all());
        same("partitions afterwards", 1, scope.describe(topic).partitions().size());
    }

    static void a_topic_is_deleted_by_name(Scope scope) throws Exception {
        String topic = scope.topic(2);
        get(scope.admin().deleteTopics(List.of(topic)).all());
        awaitGone(scope, topic);
        holds("it is not listed", !get(scope.admin().listTopics().names()).contains(topic));
        fails(UnknownTopicOrPartitionException.class, scope.admin().deleteTopics(List.of(topic)).all());
    }

    static void a_topic_is_deleted_by_id(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicCollection ids = TopicCollection.ofTopicIds(List.of(scope.describe(topic).topicId()));
        get(scope.admin().deleteTopics(ids).all());
        awaitGone(scope, topic);
        fails(UnknownTopicIdException.class, scope.admin().deleteTopics(ids).all());
    }

    static void one_missing_topic_does_not_keep_the_others_from_deletion(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String missing = scope.name("missing");
        var answer = scope.admin().deleteTopics(List.of(topic, missing)).topicNameValues();
        fails(UnknownTopicOrPartitionException.class, answer.get(missing));
        get(answer.get(topic));
        awaitGone(scope, topic);
    }

    static void a_topic_that_came_back_has_a_new_id_and_no_records(Scope scope) throws Exception {
        String topic = scope.topic(1);
        Uuid before = scope.describe(topic).topicId();
        scope.put(topic, 0, "a", "b", "c");
        get(scope.admin().deleteTopics(List.of(topic)).all());
        awaitGone(scope, topic);
        scope.topic(topic, 2);
        holds("the id is a new one", !scope.describe(topic).topicId().equals(before));
        var consumer = scope.consumer();
        same("end", Map.of(Scope.at(topic, 0), 0L), consumer.endOffsets(Set.of(Scope.at(topic, 0))));
        same("the first offset", 0L, Scope.put(scope.producer(), topic, 0, "z").get(0).offset());
        same("records", List.of("z"), scope.all(topic, 0, "read_uncommitted"));
    }

    static void a_consumer_goes_on_when_its_topic_came_back(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "a", "b");
        var consumer = scope.reader(Set.of(Scope.at(topic, 0)), "metadata.max.age.ms", "200");
        Scope.read(consumer, 2);
        get(scope.admin().deleteTopics(List.of(topic)).all());
        awaitGone(scope, topic);
        scope.topic(topic, 1);
        Scope.put(scope.producer(), topic, 0, "c");
        // Offset 2 is past the end of the new log, so the consumer is reset to its beginning.
        same("records", List.of("c"), Scope.values(Scope.read(consumer, 1)));
    }

    private static Future<Void> grow(Scope scope, String topic, NewPartitions partitions) {
        return scope.admin().createPartitions(Map.of(topic, partitions)).all();
    }

    private static void awaitGone(Scope scope, String topic) throws Exception {
        Expect.becomes("`" + topic + "` to be gone", true, () -> {
            try {
                scope.describe(topic);
                return false;
            } catch (UnknownTopicOrPartitionException gone) {
                return true;
            }
        });
    }
}
