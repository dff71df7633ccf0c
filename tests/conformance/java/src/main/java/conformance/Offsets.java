package conformance;

import static conformance.Expect.get;
import static conformance.Expect.same;

import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** Offsets as an administrator asks for them. */
@Area("offsets")
final class Offsets {
    private Offsets() {}

    static void earliest_and_latest_frame_the_log(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "a", "b", "c", "d");
        get(scope.admin().deleteRecords(Map.of(Scope.at(topic, 0), RecordsToDelete.beforeOffset(1))).all());
        same("earliest", 1L, list(scope, topic, OffsetSpec.earliest()).offset());
        ListOffsetsResultInfo latest = list(scope, topic, OffsetSpec.latest());
        same("latest", 4L, latest.offset());
        same("its timestamp", -1L, latest.timestamp());
        same("its leader epoch", Optional.of(0), latest.leaderEpoch());
    }

    static void a_time_finds_the_first_record_at_or_after_it(Scope scope) throws Exception {
        String topic = timed(scope, 1000, 2000, 3000);
        ListOffsetsResultInfo found = list(scope, topic, OffsetSpec.forTimestamp(1500));
        same("offset", 1L, found.offset());
        same("timestamp", 2000L, found.timestamp());
        same("leader epoch", Optional.of(0), found.leaderEpoch());
    }

    static void a_time_after_all_records_finds_nothing(Scope scope) throws Exception {
        String topic = timed(scope, 1000, 2000);
        ListOffsetsResultInfo found = list(scope, topic, OffsetSpec.forTimestamp(2001));
        same("offset", -1L, found.offset());
        same("timestamp", -1L, found.timestamp());
    }

    static void a_time_finds_records_out_of_order(Scope scope) throws Exception {
        String topic = timed(scope, 1000, 9000, 2000, 8000);
        same("offset", 1L, list(scope, topic, OffsetSpec.forTimestamp(1001)).offset());
        same("offset of the highest", 1L, list(scope, topic, OffsetSpec.forTimestamp(9000)).offset());
    }

    static void the_highest_timestamp_need_not_be_the_last(Scope scope) throws Exception {
        String topic = timed(scope, 1000, 9000, 2000);
        ListOffsetsResultInfo found = list(scope, topic, OffsetSpec.maxTimestamp());
        same("offset", 1L, found.offset());
        same("timestamp", 9000L, found.timestamp());
    }

    static void the_highest_timestamp_of_one_batch_is_its_record(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.producer("linger.ms", "1500", "compression.type", "snappy");
        for (long time : new long[] {1000, 2000, 7000, 3000, 4000}) {
            producer.send(new ProducerRecord<>(topic, 0, time, null, "v"));
        }
        producer.flush();
        ListOffsetsResultInfo found = list(scope, topic, OffsetSpec.maxTimestamp());
        same("offset", 2L, found.offset());
        same("timestamp", 7000L, found.timestamp());
    }

    static void an_empty_partition_has_no_highest_timestamp(Scope scope) throws Exception {
        String topic = scope.topic(1);
        ListOffsetsResultInfo found = list(scope, topic, OffsetSpec.maxTimestamp());
        same("offset", -1L, found.offset());
        same("timestamp", -1L, found.timestamp());
        same("earliest", 0L, list(scope, topic, OffsetSpec.earliest()).offset());
        same("latest", 0L, list(scope, topic, OffsetSpec.latest()).offset());
    }

    static void the_earliest_local_offset_is_the_earliest(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "a", "b");
        get(scope.admin().deleteRecords(Map.of(Scope.at(topic, 0), RecordsToDelete.beforeOffset(1))).all());
        same("offset", 1L, list(scope, topic, OffsetSpec.earliestLocal()).offset());
    }

    static void nothing_is_tiered(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "a", "b");
        same("offset", -1L, list(scope, topic, OffsetSpec.latestTiered()).offset());
    }

    static void an_open_transaction_holds_back_the_latest_committed_offset(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "a", "b");
        KafkaProducer<String, String> producer = scope.transactional(scope.name("tx"));
        producer.beginTransaction();
        Scope.put(producer, topic, 0, "c");
        scope.put(topic, 0, "d");
        ListOffsetsOptions committed = new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);
        Map<TopicPartition, OffsetSpec> latest = Map.of(place, OffsetSpec.latest());
        same("read_committed", 2L, get(scope.admin().listOffsets(latest, committed).all()).get(place).offset());
        same("read_uncommitted", 4L, list(scope, topic, OffsetSpec.latest()).offset());
        producer.commitTransaction();
        Expect.becomes("read_committed after the commit", 5L, () ->
                get(scope.admin().listOffsets(latest, committed).all()).get(place).offset());
    }

    static void many_partitions_are_answered_at_once(Scope scope) throws Exception {
        String topic = scope.topic(3);
        scope.put(topic, 1, "a");
        scope.put(topic, 2, "a", "b");
        Map<TopicPartition, OffsetSpec> asked = Map.of(
                Scope.at(topic, 0), OffsetSpec.latest(),
                Scope.at(topic, 1), OffsetSpec.earliest(),
                Scope.at(topic, 2), OffsetSpec.latest());
        var found = get(scope.admin().listOffsets(asked).all());
        same("offset of 0", 0L, found.get(Scope.at(topic, 0)).offset());
        same("offset of 1", 0L, found.get(Scope.at(topic, 1)).offset());
        same("offset of 2", 2L, found.get(Scope.at(topic, 2)).offset());
    }

    private static String timed(Scope scope, long... timestamps) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.producer();
        for (long timestamp : timestamps) {
            Scope.send(producer, new ProducerRecord<>(topic, 0, timestamp, null, "at " + timestamp));
        }
        return topic;
    }

    private static ListOffsetsResultInfo list(Scope scope, String topic, OffsetSpec spec) throws Exception {
        TopicPartition place = Scope.at(topic, 0);
        return get(scope.admin().listOffsets(Map.of(place, spec)).all()).get(place);
    }
}
