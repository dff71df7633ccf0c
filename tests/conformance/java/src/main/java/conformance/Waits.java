package conformance;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks a check that mostly waits for a timeout of the broker; it is started first, so that others run meanwhile. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Waits {}
