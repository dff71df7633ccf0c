package conformance;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a class whose every static method that takes a {@link Scope} is one check.
 *
 * <p>The name of the check is the area and the name of the method, so nothing is registered by hand and no check can
 * be forgotten.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@interface Area {
    String value();
}
