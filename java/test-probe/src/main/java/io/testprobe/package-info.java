/**
 * Tests systems that talk over Kafka: an event in, and proof of what came out.
 *
 * <p>Begin at {@link io.testprobe.Probe}. A verdict that failed is an {@link io.testprobe.ExpectationFailed}, an
 * {@link java.lang.AssertionError}; one that nobody can know is an {@link io.testprobe.InconclusiveException} and no
 * assertion. The package decides nothing: the engine behind it is the same for every language.
 */
package io.testprobe;
