package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a system under test connects.
 *
 * @param name the cluster's name in the configuration
 * @param bootstrapServers its brokers
 * @param schemaRegistryUrl its schema registry, or null
 * @param listeners the servers by security protocol, as {@code SASL_SSL}; empty unless embedded
 * @param certificateAuthority what clients of the TLS listeners trust (PEM), or null
 * @param clusterId the id that clients see, or null unless embedded
 */
public record Cluster(String name, String bootstrapServers, String schemaRegistryUrl, Map<String, String> listeners,
    String certificateAuthority, String clusterId) {
  static Cluster of(String name, JsonNode info) {
    Map<String, String> listeners = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> listener : info.path("listeners").properties()) {
      listeners.put(listener.getKey(), listener.getValue().textValue());
    }
    return new Cluster(name, Json.text(info, "bootstrap_servers"), Json.text(info, "schema_registry_url"),
        Collections.unmodifiableMap(listeners), Json.text(info, "certificate_authority"), Json.text(info, "cluster_id"));
  }
}
