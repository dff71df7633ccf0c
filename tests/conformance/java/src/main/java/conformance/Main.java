package conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs every check against the Kafka of {@code PROBE_BOOTSTRAP}; an argument keeps the checks whose name has it. */
public final class Main {
    private static final List<Class<?>> AREAS = List.of(
            Connect.class,
            Topics.class,
            TopicChanges.class,
            Produce.class,
            ProduceLimits.class,
            Fetch.class,
            FetchWaits.class,
            Offsets.class,
            Groups.class,
            GroupMembers.class,
            GroupAdmin.class,
            ConsumerGroups.class,
            Transactions.class,
            TransactionOffsets.class,
            TransactionAdmin.class,
            AdminCalls.class,
            Configs.class,
            Acls.class);
    private static final String SINCE_4 = "conformance.Since4";

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        String bootstrap = System.getenv("PROBE_BOOTSTRAP");
        if (bootstrap == null || bootstrap.isEmpty()) {
            System.err.println("`PROBE_BOOTSTRAP` was not set");
            System.exit(2);
        }
        String version = ClientVersion.get();
        List<Class<?>> areas = new ArrayList<>(AREAS);
        if (ClientVersion.before4()) {
            areas.add(Before4.class);
        } else {
            areas.addAll(Arrays.asList(Class.forName(SINCE_4).getDeclaredClasses()));
        }
        List<Check> checks = Check.in(areas).stream()
                .filter(check -> arguments.length == 0 || check.name().contains(arguments[0]))
                .toList();
        Report report = new Report(System.out);
        try (Target target = new Target(bootstrap)) {
            // Nobody there is no verdict on any check: this ends the process with an error.
            Expect.get(target.admin.describeCluster().clusterId());
            new Runner(target, report).runAll(checks);
        }
        report.done(version);
        // A client's thread that hangs must not keep the process.
        System.exit(0);
    }
}
