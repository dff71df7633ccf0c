package conformance;

import static conformance.Expect.get;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The tools of one check; what it opened is closed when the check is over. */
final class Scope implements AutoCloseable {
    static final Duration POLL = Duration.ofMillis(50);

    final Target target;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private KafkaProducer<String, String> plain;

    Scope(Target target) {
        this.target = target;
    }

    Admin admin() {
        return target.admin;
    }

    String name(String word) {
        return target.name(word);
    }

    /** Returns a new topic that every client can use already. */
    String topic(int partitions, String... configs) throws Exception {
        return topic(name("topic"), partitions, configs);
    }

    String topic(String name, int partitions, String... configs) throws Exception {
        NewTopic topic = new NewTopic(name, partitions, (short) 1).configs(pairs(configs));
        get(admin().createTopics(List.of(topic)).all());
        awaitLeaders(name, partitions);
        return name;
    }

    /**
     * Waits until every partition is served.
     *
     * <p>A broker tells of a new leader a moment before it accepts its records. A producer with several batches in
     * flight may then see the first refused and the second taken, and is out of order for good.
     */
    void awaitLeaders(String name, int partitions) throws Exception {
        Expect.eventually("leaders of `" + name + "`", () -> describe(name), topic ->
                topic.partitions().size() == partitions
                        && topic.partitions().stream().allMatch(p -> p.leader() != null));
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (int i = 0; i < partitions; i++) {
            ends.put(at(name, i), OffsetSpec.latest());
        }
        get(admin().listOffsets(ends).all());
    }

    TopicDescription describe(String topic) throws Exception {
        return get(admin().describeTopics(List.of(topic)).allTopicNames()).get(topic);
    }

    static TopicPartition at(String topic, int partition) {
        return new TopicPartition(topic, partition);
    }

    /** Returns the settings as a map; given as key, value, key, value. */
    static Map<String, String> pairs(String... keysAndValues) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    KafkaProducer<String, String> producer(String... settings) {
        Map<String, Object> all = new HashMap<>(Map.of(
                "bootstrap.servers", target.bootstrap,
                "max.block.ms", "10000",
                "delivery.timeout.ms", "10000",
                "request.timeout.ms", "8000",
                "linger.ms", "0",
                "retry.backoff.ms", "20"));
        all.putAll(pairs(settings));
        KafkaProducer<String, String> producer =
                new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
        open.push(() -> producer.close(Duration.ZERO));
        return producer;
    }

    /** Returns a producer that began no transaction yet. */
    KafkaProducer<String, String> transactional(String id, String... settings) {
        Map<String, String> all = pairs(settings);
        all.put("transactional.id", id);
        all.putIfAbsent("transaction.timeout.ms", "10000");
        KafkaProducer<String, String> producer = producer(flat(all));
        producer.initTransactions();
        return producer;
    }

    KafkaConsumer<String, String> consumer(String... settings) {
        Map<String, Object> all = new HashMap<>(Map.of(
                "bootstrap.servers", target.bootstrap,
                "auto.offset.reset", "earliest",
                "enable.auto.commit", "false",
                "default.api.timeout.ms", "10000",
                "request.timeout.ms", "8000",
                "allow.auto.create.topics", "false",
                "retry.backoff.ms", "20"));
        all.putAll(pairs(settings));
        KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
        open.push(() -> consumer.close(Duration.ofSeconds(1)));
        return consumer;
    }

    /** Returns a consumer that reads the partitions from their beginning. */
    KafkaConsumer<String, String> reader(Set<TopicPartition> partitions, String... settings) {
        KafkaConsumer<String, String> consumer = consumer(settings);
        consumer.assign(partitions);
        return consumer;
    }

    Member member(String group, String... settings) {
        Map<String, String> all = new HashMap<>(Map.of("group.id", group, "group.protocol", "classic"));
        all.putAll(pairs(settings));
        if (all.get("group.protocol").equals("classic")) {
            all.putIfAbsent("heartbeat.interval.ms", "100");
        }
        return new Member(consumer(flat(all)));
    }

    /** Closes it with the check, at the latest. */
    <T extends AutoCloseable> T owned(T resource) {
        open.push(resource);
        return resource;
    }

    /** Writes values to one partition, one after the other, and returns where each was put. */
    List<RecordMetadata> put(String topic, int partition, String... values) throws Exception {
        if (plain == null) {
            plain = producer();
        }
        return put(plain, topic, partition, values);
    }

    static List<RecordMetadata> put(
            KafkaProducer<String, String> producer, String topic, int partition, String... values) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (String value : values) {
            sent.add(producer.send(new ProducerRecord<>(topic, partition, null, value)));
        }
        List<RecordMetadata> done = new ArrayList<>();
        for (Future<RecordMetadata> one : sent) {
            done.add(get(one));
        }
        return done;
    }

    static RecordMetadata send(KafkaProducer<String, String> producer, ProducerRecord<String, String> record)
            throws Exception {
        return get(producer.send(record));
    }

    /** Polls until so many records came, and not one more than that. */
    static List<ConsumerRecord<String, String>> read(KafkaConsumer<String, String> consumer, int count) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        long end = System.nanoTime() + Expect.PATIENCE.toNanos();
        while (records.size() < count && System.nanoTime() < end) {
            consumer.poll(POLL).forEach(records::add);
        }
        Expect.same("records read", count, records.size());
        return records;
    }

    static List<String> values(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).toList();
    }

    /** Returns all values of a partition up to its end as this isolation level sees it. */
    List<String> all(String topic, int partition, String isolation) {
        TopicPartition place = at(topic, partition);
        KafkaConsumer<String, String> consumer = reader(Set.of(place), "isolation.level", isolation);
        long end = consumer.endOffsets(Set.of(place)).get(place);
        List<String> values = new ArrayList<>();
        long deadline = System.nanoTime() + Expect.PATIENCE.toNanos();
        while (consumer.position(place) < end) {
            Expect.holds("the end " + end + " was reached in time", System.nanoTime() < deadline);
            consumer.poll(POLL).forEach(record -> values.add(record.value()));
        }
        return values;
    }

    static <T> T only(Iterable<T> things) {
        List<T> all = new ArrayList<>();
        things.forEach(all::add);
        Expect.same("how many there are", 1, all.size());
        return all.get(0);
    }

    static String[] numbered(String word, int count) {
        String[] all = new String[count];
        for (int i = 0; i < count; i++) {
            all[i] = word + i;
        }
        return all;
    }

    static <T> T present(String what, Optional<T> value) {
        Expect.holds(what + " is present", value.isPresent());
        return value.orElseThrow();
    }

    @Override
    public void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception closingIsNotChecked) {
                // A client that a check broke on purpose may complain; the verdict stands already.
            }
        }
    }

    static String[] flat(Map<String, String> map) {
        return map.entrySet().stream()
                .flatMap(entry -> java.util.stream.Stream.of(entry.getKey(), entry.getValue()))
                .toArray(String[]::new);
    }
}
