/**
 * An extension of JUnit Jupiter for tests of systems that talk over Kafka: {@link io.testprobe.junit5.ProbeExtension}.
 */
package io.testprobe.junit5;
