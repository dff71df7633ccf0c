package conformance;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** One thing that is true of a Kafka, by its name in the suite, as {@code area/what_is_true}. */
record Check(String name, boolean waits, Method method) {

    /** Returns the checks of the given areas: those that wait first, else by name. */
    static List<Check> in(List<Class<?>> areas) {
        List<Check> checks = new ArrayList<>();
        for (Class<?> area : areas) {
            String prefix = area.getAnnotation(Area.class).value() + "/";
            for (Method method : area.getDeclaredMethods()) {
                if (isCheck(method)) {
                    checks.add(new Check(prefix + method.getName(), method.isAnnotationPresent(Waits.class), method));
                }
            }
        }
        checks.sort(Comparator.comparing((Check check) -> !check.waits).thenComparing(Check::name));
        return checks;
    }

    void run(Scope scope) throws Throwable {
        try {
            method.invoke(null, scope);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private static boolean isCheck(Method method) {
        return Modifier.isStatic(method.getModifiers())
                && !Modifier.isPrivate(method.getModifiers())
                && method.getParameterCount() == 1
                && method.getParameterTypes()[0] == Scope.class;
    }
}
