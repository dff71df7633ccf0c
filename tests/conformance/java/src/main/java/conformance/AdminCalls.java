package conformance;

import static conformance.Expect.fails;
import static conformance.Expect.get;
import static conformance.Expect.same;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.DeletedRecords;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;

/** Records are deleted on demand. */
@Area("admin")
final class AdminCalls {
    private AdminCalls() {}

    static void records_are_deleted_up_to_an_offset(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, Scope.numbered("v", 5));
        same("low watermark", 3L, get(delete(scope, topic, 3)).lowWatermark());
        same("records", List.of("v3", "v4"), scope.all(topic, 0, "read_uncommitted"));
        same("low watermark when deleted again", 3L, get(delete(scope, topic, 1)).lowWatermark());
    }

    static void all_records_are_deleted_up_to_the_high_watermark(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, Scope.numbered("v", 5));
        same("low watermark", 5L, get(delete(scope, topic, -1)).lowWatermark());
        same("records", List.of(), scope.all(topic, 0, "read_uncommitted"));
        same("the next offset", 5L, scope.put(topic, 0, "v5").get(0).offset());
    }

    static void records_that_are_not_there_yet_are_not_deleted(Scope scope) throws Exception {
        String topic = scope.topic(1);
        scope.put(topic, 0, "a");
        fails(OffsetOutOfRangeException.class, delete(scope, topic, 2));
        same("records", List.of("a"), scope.all(topic, 0, "read_uncommitted"));
    }

    static void records_are_deleted_inside_a_batch(Scope scope) throws Exception {
        String topic = scope.topic(1);
        var producer = scope.producer("linger.ms", "100");
        Scope.put(producer, topic, 0, Scope.numbered("v", 50));
        same("low watermark", 20L, get(delete(scope, topic, 20)).lowWatermark());
        List<String> left = scope.all(topic, 0, "read_uncommitted");
        same("how many are left", 30, left.size());
        same("the first", "v20", left.get(0));
    }

    private static Future<DeletedRecords> delete(Scope scope, String topic, long before) {
        TopicPartition place = Scope.at(topic, 0);
        return scope.admin()
                .deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(before)))
                .lowWatermarks()
                .get(place);
    }
}
