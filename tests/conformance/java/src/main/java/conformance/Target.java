package conformance;

import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;

/** The Kafka under test and what all checks share: one admin client, and names that nobody else uses. */
final class Target implements AutoCloseable {
    final String bootstrap;
    final Admin admin;
    private final String run = UUID.randomUUID().toString().substring(0, 8);
    private final AtomicInteger names = new AtomicInteger();

    Target(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.<String, Object>of(
                "bootstrap.servers", bootstrap,
                "request.timeout.ms", 8000,
                "default.api.timeout.ms", 10_000,
                "retry.backoff.ms", 20));
    }

    String name(String word) {
        return word + "-" + run + "-" + names.incrementAndGet();
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(1));
    }
}
