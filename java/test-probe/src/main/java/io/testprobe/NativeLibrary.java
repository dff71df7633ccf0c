package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Finds the native library and loads it, once for each class loader.
 *
 * <p>The library lies in the jar under {@code META-INF/native/<os>-<arch>/}. It is written to a private file that is
 * gone again as soon as it is loaded: a name of its own each time, so that the classes may be loaded again by another
 * class loader (the virtual machine ties a file to one loader), and nothing stays behind.
 */
final class NativeLibrary {
  /** The system property that names a library file to load instead. */
  static final String PATH = "testprobe.library.path";

  /** The system property that names a folder to unpack into, where the default one forbids execution. */
  static final String FOLDER = "testprobe.tmpdir";

  private static final String FILE = "libtest_probe_jvm.so";
  private static final String VERSION = "0.1.0";

  private static boolean loaded;

  private NativeLibrary() {}

  /** Loads the library unless it is loaded. A failure names platform and remedy, and the next call tries again. */
  static synchronized void load() {
    if (!loaded) {
      try {
        locateAndLoad();
      } catch (IOException | LinkageError error) {
        throw refused("the native library could not be loaded: " + error.getMessage(),
            "if the folder for temporary files forbids execution, name another by -D" + FOLDER
                + "; else name a library that fits this machine by -D" + PATH, error);
      }
      check(Json.read(Native.about()));
      loaded = true;
    }
  }

  private static void locateAndLoad() throws IOException {
    String path = System.getProperty(PATH);
    if (path != null) {
      loadFile(Path.of(path).toAbsolutePath());
      return;
    }
    String resource = "/META-INF/native/" + platform() + "/" + FILE;
    URL found = NativeLibrary.class.getResource(resource);
    if (found == null) {
      throw refused("the jar has no native library for " + platform() + " (`" + resource + "`)",
          "build one there with `mvn -f java install`, or name one by -D" + PATH, null);
    }
    if (found.getProtocol().equals("file")) {
      loadFile(pathOf(found));
      return;
    }
    try (InputStream content = found.openStream()) {
      loadCopy(content);
    }
  }

  private static void loadFile(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw refused("the native library `" + file + "` does not exist or cannot be read",
          "mend or leave out -D" + PATH, null);
    }
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError error) {
      if (!String.valueOf(error.getMessage()).contains("already loaded in another class")) {
        throw error;
      }
      try (InputStream content = Files.newInputStream(file)) {
        loadCopy(content);
      }
    }
  }

  private static void loadCopy(InputStream content) throws IOException {
    String folder = System.getProperty(FOLDER);
    // Readable for this user alone.
    Path own = folder == null
        ? Files.createTempDirectory("test-probe-")
        : Files.createTempDirectory(Files.createDirectories(Path.of(folder)), "test-probe-");
    Path copy = own.resolve(FILE);
    try {
      Files.copy(content, copy);
      System.load(copy.toAbsolutePath().toString());
    } finally {
      // Its pages stay mapped.
      Files.deleteIfExists(copy);
      Files.deleteIfExists(own);
    }
  }

  private static void check(JsonNode about) {
    int abi = about.path("abi").asInt();
    String version = about.path("version").asText();
    if (abi != Native.ABI || !version.equals(VERSION)) {
      throw refused("the classes of test-probe " + VERSION + " (ABI " + Native.ABI + ") found the native library "
          + version + " (ABI " + abi + ")", "leave one version of test-probe on the class path", null);
    }
  }

  /** Returns the name of this platform, as {@code linux-x86_64}. */
  static String platform() {
    return name(System.getProperty("os.name")) + "-" + name(System.getProperty("os.arch"));
  }

  private static String name(String property) {
    String name = property.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]+", "");
    return switch (name) {
      case "amd64" -> "x86_64";
      case "arm64" -> "aarch64";
      default -> name;
    };
  }

  private static Path pathOf(URL url) throws IOException {
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException error) {
      throw new IOException(error);
    }
  }

  private static UsageException refused(String message, String hint, Throwable cause) {
    UsageException error = Errors.usage(ErrorCode.UNSUPPORTED, message, hint);
    if (cause != null) {
      error.initCause(cause);
    }
    return error;
  }
}
