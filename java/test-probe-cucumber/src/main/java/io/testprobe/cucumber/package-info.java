/**
 * Steps of Gherkin for tests of systems that talk over Kafka. Glue: {@code
 * cucumber.glue=com.acme.steps,io.testprobe.cucumber}.
 *
 * <p>{@link io.testprobe.cucumber.ProbeWorld} is what steps of your own take in their constructor.
 */
package io.testprobe.cucumber;
