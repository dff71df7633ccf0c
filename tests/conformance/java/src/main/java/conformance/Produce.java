package conformance;

import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;

/** Records arrive as they were sent. */
@Area("produce")
final class Produce {
    private Produce() {}

    static void offsets_grow_from_zero_in_each_partition(Scope scope) throws Exception {
        String topic = scope.topic(2);
        same("offsets of 0", List.of(0L, 1L, 2L), offsets(scope.put(topic, 0, "a", "b", "c")));
        same("offsets of 1", List.of(0L, 1L), offsets(scope.put(topic, 1, "d", "e")));
        same("offsets of 0 again", List.of(3L), offsets(scope.put(topic, 0, "f")));
    }

    static void acks_of_the_leader_alone_tell_the_offset(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.producer("acks", "1", "enable.idempotence", "false");
        same("offsets", List.of(0L, 1L), offsets(Scope.put(producer, topic, 0, "a", "b")));
        same("records", List.of("a", "b"), scope.all(topic, 0, "read_uncommitted"));
    }

    static void without_acks_records_arrive_unanswered(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.producer("acks", "0", "enable.idempotence", "false");
        for (RecordMetadata metadata : Scope.put(producer, topic, 0, "a", "b", "c")) {
            same("has an offset", false, metadata.hasOffset());
        }
        var reader = scope.reader(Set.of(Scope.at(topic, 0)));
        same("records", List.of("a", "b", "c"), Scope.values(Scope.read(reader, 3)));
    }

    static void an_idempotent_producer_keeps_order_with_five_requests_in_flight(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer =
                scope.producer("acks", "all", "enable.idempotence", "true", "batch.size", "100");
        String[] values = Scope.numbered("v", 1000);
        List<RecordMetadata> sent = Scope.put(producer, topic, 0, values);
        same("offsets", IntStream.range(0, 1000).mapToObj(i -> (long) i).toList(), offsets(sent));
        same("records", Arrays.asList(values), scope.all(topic, 0, "read_uncommitted"));
    }

    static void two_idempotent_producers_share_a_partition(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> first = scope.producer();
        KafkaProducer<String, String> second = scope.producer();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Scope.put(i % 2 == 0 ? first : second, topic, 0, "v" + i);
            expected.add("v" + i);
        }
        same("records", expected, scope.all(topic, 0, "read_uncommitted"));
    }

    static void headers_keep_order_duplicates_and_nulls(Scope scope) throws Exception {
        String topic = scope.topic(1);
        ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, "k", "v");
        record.headers().add("a", new byte[] {1}).add("b", new byte[0]).add("a", null).add("", new byte[] {2, 0, -1});
        Scope.send(scope.producer(), record);
        List<String> came = new ArrayList<>();
        for (Header header : readOne(scope, topic).headers()) {
            came.add(header.key() + "=" + Arrays.toString(header.value()));
        }
        same("headers", List.of("a=[1]", "b=[]", "a=null", "=[2, 0, -1]"), came);
    }

    static void null_and_empty_are_told_apart(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.producer();
        Scope.send(producer, new ProducerRecord<>(topic, 0, null, null));
        Scope.send(producer, new ProducerRecord<>(topic, 0, "", ""));
        List<ConsumerRecord<String, String>> records = Scope.read(scope.reader(Set.of(Scope.at(topic, 0))), 2);
        same("null key", null, records.get(0).key());
        same("null value", null, records.get(0).value());
        same("size of a null", -1, records.get(0).serializedValueSize());
        same("empty key", "", records.get(1).key());
        same("empty value", "", records.get(1).value());
    }

    static void a_key_goes_to_one_partition_and_all_partitions_take_keys(Scope scope) throws Exception {
        String topic = scope.topic(4);
        KafkaProducer<String, String> producer = scope.producer();
        int[] partitions = new int[40];
        for (int i = 0; i < partitions.length; i++) {
            partitions[i] = Scope.send(producer, new ProducerRecord<>(topic, "key" + i % 20, "v" + i)).partition();
        }
        same("partitions used", 4L, IntStream.of(partitions).distinct().count());
        for (int i = 0; i < 20; i++) {
            same("partition of key" + i, partitions[i], partitions[i + 20]);
            String value = "v" + i;
            holds(value + " is there", scope.all(topic, partitions[i], "read_uncommitted").contains(value));
            i += 6;
        }
    }

    static void an_own_partitioner_is_obeyed(Scope scope) throws Exception {
        String topic = scope.topic(3);
        KafkaProducer<String, String> producer = scope.producer("partitioner.class", LastPartition.class.getName());
        same("partition", 2, Scope.send(producer, new ProducerRecord<>(topic, "k", "v")).partition());
        same("records", List.of("v"), scope.all(topic, 2, "read_uncommitted"));
    }

    static void the_time_of_creation_is_kept(Scope scope) throws Exception {
        String topic = scope.topic(1);
        RecordMetadata metadata =
                Scope.send(scope.producer(), new ProducerRecord<>(topic, 0, 1_600_000_000_123L, "k", "v"));
        same("timestamp of the answer", 1_600_000_000_123L, metadata.timestamp());
        ConsumerRecord<String, String> record = readOne(scope, topic);
        same("type", TimestampType.CREATE_TIME, record.timestampType());
        same("timestamp", 1_600_000_000_123L, record.timestamp());
    }

    static void the_time_of_appending_replaces_the_creation(Scope scope) throws Exception {
        String topic = scope.topic(1, "message.timestamp.type", "LogAppendTime");
        long before = System.currentTimeMillis();
        RecordMetadata metadata = Scope.send(scope.producer(), new ProducerRecord<>(topic, 0, 1000L, "k", "v"));
        long after = System.currentTimeMillis();
        ConsumerRecord<String, String> record = readOne(scope, topic);
        same("type", TimestampType.LOG_APPEND_TIME, record.timestampType());
        same("timestamp of the answer", record.timestamp(), metadata.timestamp());
        holds("the time is now", before <= record.timestamp() && record.timestamp() <= after);
    }

    static void gzip_is_read_back(Scope scope) throws Exception {
        roundTrip(scope, "gzip");
    }

    static void snappy_is_read_back(Scope scope) throws Exception {
        roundTrip(scope, "snappy");
    }

    static void lz4_is_read_back(Scope scope) throws Exception {
        roundTrip(scope, "lz4");
    }

    static void zstd_is_read_back(Scope scope) throws Exception {
        roundTrip(scope, "zstd");
    }

    static void a_topic_may_compress_what_came_plain(Scope scope) throws Exception {
        String topic = scope.topic(1, "compression.type", "zstd");
        KafkaProducer<String, String> producer = scope.producer("linger.ms", "50");
        String[] values = Scope.numbered("plain plain plain plain ", 200);
        Scope.put(producer, topic, 0, values);
        same("records", Arrays.asList(values), scope.all(topic, 0, "read_uncommitted"));
    }

    static void flush_waits_for_all(Scope scope) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer = scope.producer("linger.ms", "1500");
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            sent.add(producer.send(new ProducerRecord<>(topic, 0, null, "v" + i)));
        }
        producer.flush();
        holds("all are done", sent.stream().allMatch(Future::isDone));
        same("last offset", 99L, get(sent.get(99)).offset());
    }

    static void twenty_thousand_records_keep_their_order(Scope scope) throws Exception {
        String topic = scope.topic(4);
        KafkaProducer<String, String> producer = scope.producer("linger.ms", "5", "compression.type", "lz4");
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            sent.add(producer.send(new ProducerRecord<>(topic, i % 4, null, Integer.toString(i))));
        }
        for (int i = 0; i < sent.size(); i++) {
            same("offset of record " + i, (long) i / 4, get(sent.get(i)).offset());
        }
        int[] next = {0, 1, 2, 3};
        var places = Set.of(Scope.at(topic, 0), Scope.at(topic, 1), Scope.at(topic, 2), Scope.at(topic, 3));
        for (ConsumerRecord<String, String> record : Scope.read(scope.reader(places), 20_000)) {
            same("value", Integer.toString(next[record.partition()]), record.value());
            same("offset", (long) next[record.partition()] / 4, record.offset());
            next[record.partition()] += 4;
        }
    }

    private static void roundTrip(Scope scope, String codec) throws Exception {
        String topic = scope.topic(1);
        KafkaProducer<String, String> producer =
                scope.producer("compression.type", codec, "linger.ms", "50", "batch.size", "65536");
        String[] values = Scope.numbered("compress me, compress me, ", 500);
        List<RecordMetadata> sent = Scope.put(producer, topic, 0, values);
        same("last offset", 499L, sent.get(499).offset());
        same("records", Arrays.asList(values), scope.all(topic, 0, "read_uncommitted"));
    }

    private static ConsumerRecord<String, String> readOne(Scope scope, String topic) {
        return Scope.read(scope.reader(Set.of(Scope.at(topic, 0))), 1).get(0);
    }

    private static List<Long> offsets(List<RecordMetadata> sent) {
        return sent.stream().map(RecordMetadata::offset).toList();
    }
}
