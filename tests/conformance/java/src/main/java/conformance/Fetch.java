package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Records are found where a consumer looks for them. */
@Area("fetch")
final class Fetch {
    private Fetch() {}

    static void a_record_tells_where_it_is(Scope scope) throws Exception {
        String topic = scope.topic(2);
        scope.put(topic, 1, "a", "bcd");
        ConsumerRecord<String, String> record = Scope.read(scope.reader(Set.of(Scope.at(topic, 1))), 2).get(1);
        same("topic", topic, record.topic());
        same("partition", 1, record.partition());
        same("offset", 1L, record.offset());
        same("epoch of the leader", Optional.of(0), record.leaderEpoch());
        same("size of the value", 3, record.serializedValueSize());
        same("size of the key", -1, record.serializedKeySize());
    }

    static void seek_moves_the_position(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, Scope.numbered("v", 10));
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place));
        consumer.seek(place, 7);
        same("position", 7L, consumer.position(place));
        same("records", List.of("v7", "v8", "v9"), Scope.values(Scope.read(consumer, 3)));
        same("position afterwards", 10L, consumer.position(place));
        consumer.seek(place, 9);
        same("records", List.of("v9"), Scope.values(Scope.read(consumer, 1)));
    }

    static void seek_to_the_beginning_and_to_the_end(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "a", "b", "c");
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place));
        consumer.seekToEnd(Set.of(place));
        same("position at the end", 3L, consumer.position(place));
        consumer.seekToBeginning(Set.of(place));
        same("position at the beginning", 0L, consumer.position(place));
        consumer.seekToEnd(Set.of(place));
        consumer.position(place);
        scope.put(topic, 0, "d");
        same("records", List.of("d"), Scope.values(Scope.read(consumer, 1)));
    }

    static void a_seek_into_the_middle_of_a_batch_starts_there(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        KafkaProducer<String, String> producer =
                scope.producer("linger.ms", "200", "batch.size", "65536", "compression.type", "gzip");
        Scope.put(producer, topic, 0, Scope.numbered("v", 100));
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place));
        consumer.seek(place, 57);
        List<ConsumerRecord<String, String>> records = Scope.read(consumer, 43);
        same("first offset", 57L, records.get(0).offset());
        same("first value", "v57", records.get(0).value());
    }

    static void a_position_with_its_leader_epoch_is_validated(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "a", "b", "c");
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place));
        consumer.seek(place, new OffsetAndMetadata(1, Optional.of(0), ""));
        same("records", List.of("b", "c"), Scope.values(Scope.read(consumer, 2)));
    }

    static void beginning_and_end_are_told(Scope scope) throws Exception {
        String topic = scope.topic(2);
        TopicPartition full = Scope.at(topic, 0);
        TopicPartition empty = Scope.at(topic, 1);
        scope.put(topic, 0, "a", "b", "c");
        KafkaConsumer<String, String> consumer = scope.consumer();
        same("beginnings", Map.of(full, 0L, empty, 0L), consumer.beginningOffsets(Set.of(full, empty)));
        same("ends", Map.of(full, 3L, empty, 0L), consumer.endOffsets(Set.of(full, empty)));
    }

    static void offsets_are_found_by_time(Scope scope) throws Exception {
        String topic = scope.topic(2);
        TopicPartition full = Scope.at(topic, 0);
        TopicPartition empty = Scope.at(topic, 1);
        KafkaProducer<String, String> producer = scope.producer();
        for (int i = 0; i < 5; i++) {
            Scope.send(producer, new ProducerRecord<>(topic, 0, 1000L * (i + 1), null, "v" + i));
        }
        KafkaConsumer<String, String> consumer = scope.consumer();
        same("the exact time", at(2, 3000), consumer.offsetsForTimes(Map.of(full, 3000L)).get(full));
        same("between two", at(3, 4000), consumer.offsetsForTimes(Map.of(full, 3001L)).get(full));
        same("before all", at(0, 1000), consumer.offsetsForTimes(Map.of(full, 0L)).get(full));
        same("after all", null, consumer.offsetsForTimes(Map.of(full, 5001L)).get(full));
        same("of an empty partition", null, consumer.offsetsForTimes(Map.of(empty, 0L)).get(empty));
    }

    static void a_time_within_a_compressed_batch_is_found(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        for (String codec : List.of("gzip", "snappy", "lz4", "zstd")) {
            KafkaProducer<String, String> producer = scope.producer("linger.ms", "1500", "compression.type", codec);
            long base = codec.length() * 1_000_000L + codec.charAt(0) * 1_000L;
            for (int i = 0; i < 50; i++) {
                producer.send(new ProducerRecord<>(topic, 0, base + i, null, "v" + i));
            }
            producer.flush();
        }
        KafkaConsumer<String, String> consumer = scope.consumer();
        long snappy = 6_000_000L + 's' * 1_000L;
        same("in snappy", at(50 + 31, snappy + 31), consumer.offsetsForTimes(Map.of(place, snappy + 31)).get(place));
        long gzip = 4_000_000L + 'g' * 1_000L;
        same("in gzip", at(17, gzip + 17), consumer.offsetsForTimes(Map.of(place, gzip + 17)).get(place));
    }

    static void an_offset_out_of_range_is_an_error_without_a_policy(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "a", "b", "c");
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place), "auto.offset.reset", "none");
        consumer.seek(place, 100);
        var error = fails(OffsetOutOfRangeException.class, () -> Scope.read(consumer, 1));
        same("the offsets", Map.of(place, 100L), error.offsetOutOfRangePartitions());
        consumer.seek(place, 1);
        same("records after it", List.of("b", "c"), Scope.values(Scope.read(consumer, 2)));
    }

    static void an_offset_out_of_range_is_reset_by_the_policy(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "a", "b");
        KafkaConsumer<String, String> earliest = scope.reader(Set.of(place), "auto.offset.reset", "earliest");
        earliest.seek(place, 100);
        same("records", List.of("a", "b"), Scope.values(Scope.read(earliest, 2)));
        KafkaConsumer<String, String> latest = scope.reader(Set.of(place), "auto.offset.reset", "latest");
        latest.seek(place, 100);
        latest.poll(Scope.POLL);
        Expect.becomes("the position", 2L, () -> {
            latest.poll(Scope.POLL);
            return latest.position(place);
        });
    }

    static void no_position_is_an_error_without_a_policy(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaConsumer<String, String> consumer = scope.reader(
                Set.of(Scope.at(topic, 0)), "auto.offset.reset", "none", "group.id", scope.name("group"));
        var error = fails(NoOffsetForPartitionException.class, () -> Scope.read(consumer, 1));
        same("the partitions", Set.of(Scope.at(topic, 0)), error.partitions());
    }

    static void the_latest_policy_sees_only_what_is_new(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, "old");
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place), "auto.offset.reset", "latest");
        same("position", 1L, consumer.position(place));
        scope.put(topic, 0, "new");
        same("records", List.of("new"), Scope.values(Scope.read(consumer, 1)));
    }

    static void a_record_larger_than_the_fetch_limits_is_still_delivered(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "x".repeat(20_000), "y".repeat(30_000), "z");
        for (String limit : List.of("max.partition.fetch.bytes", "fetch.max.bytes")) {
            KafkaConsumer<String, String> consumer = scope.reader(Set.of(Scope.at(topic, 0)), limit, "100");
            List<Integer> sizes =
                    Scope.read(consumer, 3).stream().map(ConsumerRecord::serializedValueSize).toList();
            same("sizes with " + limit, List.of(20_000, 30_000, 1), sizes);
        }
    }

    static void small_fetches_bring_everything_in_order(Scope scope) throws Exception {
        String topic = scope.topic(1);
        String[] values = Scope.numbered("v".repeat(100), 300);
        Scope.put(scope.producer("batch.size", "500"), topic, 0, values);
        KafkaConsumer<String, String> consumer =
                scope.reader(Set.of(Scope.at(topic, 0)), "max.partition.fetch.bytes", "1500", "max.poll.records", "7");
        same("records", Arrays.asList(values), Scope.values(Scope.read(consumer, 300)));
    }

    static void a_paused_partition_is_silent_until_it_is_resumed(Scope scope) throws Exception {
        String topic = scope.topic(2);
        TopicPartition paused = Scope.at(topic, 0);
        TopicPartition open = Scope.at(topic, 1);
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(paused, open));
        consumer.pause(Set.of(paused));
        scope.put(topic, 0, "a", "b");
        scope.put(topic, 1, "c", "d");
        same("while paused", List.of("c", "d"), Scope.values(Scope.read(consumer, 2)));
        same("paused", Set.of(paused), consumer.paused());
        consumer.resume(Set.of(paused));
        same("when resumed", List.of("a", "b"), Scope.values(Scope.read(consumer, 2)));
    }

    static void a_session_over_many_polls_brings_every_partition(Scope scope) throws Exception {
        String first = scope.topic(4);
        String second = scope.topic(2);
        Set<TopicPartition> places = new java.util.HashSet<>();
        for (int i = 0; i < 4; i++) {
            places.add(Scope.at(first, i));
            places.add(Scope.at(second, i % 2));
        }
        KafkaConsumer<String, String> consumer = scope.reader(places);
        consumer.poll(Scope.POLL);
        Map<TopicPartition, Long> next = new HashMap<>();
        for (int round = 0; round < 30; round++) {
            String topic = round % 3 == 0 ? second : first;
            int partition = round % (round % 3 == 0 ? 2 : 4);
            scope.put(topic, partition, "round" + round);
            ConsumerRecord<String, String> record = Scope.read(consumer, 1).get(0);
            same("value", "round" + round, record.value());
            same("place", Scope.at(topic, partition), Scope.at(record.topic(), record.partition()));
            same("offset", next.merge(Scope.at(topic, partition), 1L, Long::sum) - 1, record.offset());
        }
    }

    static void a_session_follows_a_changed_assignment(Scope scope) throws Exception {
        String topic = scope.topic(3);
        for (int i = 0; i < 3; i++) {
            scope.put(topic, i, "p" + i);
        }
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(Scope.at(topic, 0), Scope.at(topic, 1)));
        same("first", Set.of("p0", "p1"), Set.copyOf(Scope.values(Scope.read(consumer, 2))));
        consumer.assign(Set.of(Scope.at(topic, 1), Scope.at(topic, 2)));
        consumer.seekToEnd(Set.of(Scope.at(topic, 1)));
        same("added", List.of("p2"), Scope.values(Scope.read(consumer, 1)));
        scope.put(topic, 0, "forgotten");
        scope.put(topic, 1, "kept");
        same("kept", List.of("kept"), Scope.values(Scope.read(consumer, 1)));
    }

    static void deleted_records_move_the_beginning(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, Scope.numbered("v", 10));
        get(scope.admin().deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(6))).all());
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place), "auto.offset.reset", "none");
        same("beginning", Map.of(place, 6L), consumer.beginningOffsets(Set.of(place)));
        consumer.seek(place, 2);
        fails(OffsetOutOfRangeException.class, () -> Scope.read(consumer, 1));
        consumer.seekToBeginning(Set.of(place));
        same("records", List.of("v6", "v7", "v8", "v9"), Scope.values(Scope.read(consumer, 4)));
    }

    static void the_lag_of_a_reader_is_known_after_a_fetch(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        scope.put(topic, 0, Scope.numbered("v", 10));
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place), "max.poll.records", "4");
        Scope.read(consumer, 4);
        Expect.becomes("the lag", OptionalLong.of(6), () -> consumer.currentLag(place));
    }

    static void an_empty_partition_gives_nothing(Scope scope) throws Exception {
        String topic = scope.topic(1);
        TopicPartition place = Scope.at(topic, 0);
        KafkaConsumer<String, String> consumer = scope.reader(Set.of(place));
        for (int i = 0; i < 5; i++) {
            holds("nothing came", consumer.poll(Scope.POLL).isEmpty());
        }
        same("position", 0L, consumer.position(place));
    }

    private static OffsetAndTimestamp at(long offset, long timestamp) {
        return new OffsetAndTimestamp(offset, timestamp, Optional.of(0));
    }
}
