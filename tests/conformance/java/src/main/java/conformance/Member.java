package conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** A consumer in a group, with a diary of what it was given, what it lost and what it read. */
final class Member implements ConsumerRebalanceListener {
    private static final Duration POLL = Duration.ofMillis(20);

    final KafkaConsumer<String, String> consumer;
    final List<ConsumerRecord<String, String>> records = new ArrayList<>();
    final List<Set<TopicPartition>> assigned = new ArrayList<>();
    final List<Set<TopicPartition>> revoked = new ArrayList<>();
    final List<Set<TopicPartition>> lost = new ArrayList<>();

    Member(KafkaConsumer<String, String> consumer) {
        this.consumer = consumer;
    }

    Member on(String... topics) {
        consumer.subscribe(List.of(topics), this);
        return this;
    }

    Member onAll(Pattern topics) {
        consumer.subscribe(topics, this);
        return this;
    }

    /** Returns the numbers of the partitions it owns, of whatever topic. */
    Set<Integer> owns() {
        Set<Integer> numbers = new TreeSet<>();
        consumer.assignment().forEach(partition -> numbers.add(partition.partition()));
        return numbers;
    }

    List<String> values() {
        return Scope.values(records);
    }

    void poll() {
        consumer.poll(POLL).forEach(records::add);
    }

    /** Polls all members in turn until the condition holds. */
    static void until(String what, BooleanSupplier condition, Member... members) {
        long end = System.nanoTime() + Expect.PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                List<String> owned = new ArrayList<>();
                for (Member member : members) {
                    owned.add(member.consumer.assignment().toString());
                }
                throw new Expect.NotMet("awaited " + what + "; the members own " + owned, null);
            }
            for (Member member : members) {
                member.poll();
            }
        }
    }

    void untilOwns(int count) {
        until("it owned " + count + " partitions", () -> consumer.assignment().size() == count, this);
    }

    void untilRead(int count) {
        until(count + " records were read", () -> records.size() >= count, this);
        Expect.same("records read", count, records.size());
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        assigned.add(Set.copyOf(partitions));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        revoked.add(Set.copyOf(partitions));
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        lost.add(Set.copyOf(partitions));
    }
}
