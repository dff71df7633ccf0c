package conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of kafka-clients on the class path, as its jar tells it. */
final class ClientVersion {
    private static final String RESOURCE = "/kafka/kafka-version.properties";

    private ClientVersion() {}

    static String get() {
        try (InputStream resource = ClientVersion.class.getResourceAsStream(RESOURCE)) {
            Properties properties = new Properties();
            properties.load(resource);
            return properties.getProperty("version");
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Returns what this client throws where the protocols of old and new clients differ. */
    static Class<? extends Exception> kind(Class<? extends Exception> before4, Class<? extends Exception> since4) {
        return before4() ? before4 : since4;
    }

    static boolean before4() {
        return get().startsWith("3.");
    }
}
