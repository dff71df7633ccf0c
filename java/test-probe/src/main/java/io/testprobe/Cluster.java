package io.testprobe;

/**
 * Where a system under test connects.
 *
 * @param name the cluster's name in the configuration
 * @param bootstrapServers its brokers
 * @param schemaRegistryUrl its schema registry, or null
 */
public record Cluster(String name, String bootstrapServers, String schemaRegistryUrl) {}
