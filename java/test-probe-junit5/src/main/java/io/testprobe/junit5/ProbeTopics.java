package io.testprobe.junit5;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Says which topics the session of a test has: on the method, else on its class, else on the class around that.
 *
 * <p>The value is YAML where it has a line break; else it names a file: relative to the working directory, where there
 * is such a file, else on the class path, first beside the test class, then at the root.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface ProbeTopics {
  /** Returns the name of a file with topic directives, or their YAML. */
  String value();

  /** Returns the test id of the session; empty for a fresh one. No two open sessions have the same. */
  String testId() default "";
}
