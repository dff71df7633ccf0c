package conformance;

import static conformance.Expect.get;
import static conformance.Expect.holds;
import static conformance.Expect.same;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.FeatureMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.acl.AclOperation;

@Area("connect")
final class Connect {
    private Connect() {}

    static void the_cluster_has_one_id_for_every_client(Scope scope) throws Exception {
        String first = get(scope.admin().describeCluster().clusterId());
        same("length of the id `" + first + "`", 22, first.length());
        try (Admin other = Admin.create(Map.<String, Object>of("bootstrap.servers", scope.target.bootstrap))) {
            same("the id that another client sees", first, get(other.describeCluster().clusterId()));
        }
    }

    static void the_nodes_are_the_bootstrap_servers(Scope scope) throws Exception {
        Collection<Node> nodes = get(scope.admin().describeCluster().nodes());
        Set<String> addresses =
                nodes.stream().map(node -> node.host() + ":" + node.port()).collect(Collectors.toSet());
        same("addresses", Set.copyOf(Arrays.asList(scope.target.bootstrap.split(","))), addresses);
    }

    static void the_controller_is_one_of_the_nodes(Scope scope) throws Exception {
        DescribeClusterResult cluster = scope.admin().describeCluster();
        Node controller = get(cluster.controller());
        holds(controller + " is a node", get(cluster.nodes()).contains(controller));
    }

    static void every_node_answers_at_its_advertised_address(Scope scope) throws Exception {
        String id = get(scope.admin().describeCluster().clusterId());
        for (Node node : get(scope.admin().describeCluster().nodes())) {
            String address = node.host() + ":" + node.port();
            try (Admin direct = Admin.create(Map.<String, Object>of("bootstrap.servers", address))) {
                same("cluster id at " + address, id, get(direct.describeCluster().clusterId()));
            }
        }
    }

    static void without_an_authorizer_everything_is_allowed_on_the_cluster(Scope scope) throws Exception {
        DescribeClusterOptions options = new DescribeClusterOptions().includeAuthorizedOperations(true);
        Set<AclOperation> expected = Set.of(
                AclOperation.CREATE,
                AclOperation.ALTER,
                AclOperation.DESCRIBE,
                AclOperation.CLUSTER_ACTION,
                AclOperation.DESCRIBE_CONFIGS,
                AclOperation.ALTER_CONFIGS,
                AclOperation.IDEMPOTENT_WRITE);
        same("operations", expected, get(scope.admin().describeCluster(options).authorizedOperations()));
    }

    static void allowed_operations_are_told_only_when_asked_for(Scope scope) throws Exception {
        same("operations", null, get(scope.admin().describeCluster().authorizedOperations()));
    }

    static void finalized_features_lie_within_the_supported_ones(Scope scope) throws Exception {
        FeatureMetadata features = get(scope.admin().describeFeatures().featureMetadata());
        holds("the features have an epoch", features.finalizedFeaturesEpoch().orElse(-1L) >= 0);
        features.finalizedFeatures().forEach((name, range) -> {
            var supported = features.supportedFeatures().get(name);
            holds("`" + name + "` is supported", supported != null);
            holds(
                    "`" + name + "` " + range + " lies within " + supported,
                    supported.minVersion() <= range.maxVersionLevel()
                            && range.maxVersionLevel() <= supported.maxVersion());
        });
    }

    static void the_new_groups_and_the_second_transaction_protocol_are_features(Scope scope) throws Exception {
        FeatureMetadata features = get(scope.admin().describeFeatures().featureMetadata());
        for (String name : List.of("group.version:1", "transaction.version:2", "metadata.version:1")) {
            String[] parts = name.split(":");
            var range = features.finalizedFeatures().get(parts[0]);
            holds("`" + parts[0] + "` is finalized", range != null);
            holds(range + " is at least " + parts[1], range.maxVersionLevel() >= Integer.parseInt(parts[1]));
        }
    }

    static void a_consumer_lists_topics_with_their_leaders(Scope scope) throws Exception {
        String topic = scope.topic(3);
        Node node = get(scope.admin().describeCluster().nodes()).iterator().next();
        List<PartitionInfo> partitions = scope.consumer().listTopics().get(topic);
        same("partitions", 3, partitions.size());
        Set<Integer> numbers = new HashSet<>();
        for (PartitionInfo partition : partitions) {
            numbers.add(partition.partition());
            holds(partition + " is complete", partition.inSyncReplicas().length == 1
                    && partition.replicas().length == 1
                    && partition.offlineReplicas().length == 0
                    && !partition.leader().isEmpty());
        }
        same("numbers", Set.of(0, 1, 2), numbers);
        holds(node + " is known", partitions.stream().anyMatch(p -> p.leader().id() >= 0));
    }
}
