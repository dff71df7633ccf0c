package io.testprobe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How the native library is found, loaded, loaded again, and missed. */
@Timeout(120)
class LoaderTest {
  @TempDir private Path folder;

  @AfterEach
  void forget() {
    System.clearProperty(NativeLibrary.PATH);
    System.clearProperty(NativeLibrary.FOLDER);
  }

  private static final String RESOURCE = "META-INF/native/" + NativeLibrary.platform() + "/libtest_probe_jvm.so";

  private static Path library() throws Exception {
    return Path.of(NativeLibrary.class.getResource("/" + RESOURCE).toURI());
  }

  private static List<Path> classPath() {
    String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Stream.of(path.split(File.pathSeparator)).map(Path::of).filter(Files::exists).toList();
  }

  private static Path classes() throws Exception {
    return Path.of(Probe.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  /** Returns the class path with other classes of ours, where the library is or is not. */
  private URLClassLoader loader(Path ours) throws Exception {
    List<URL> urls = new ArrayList<>();
    urls.add(ours.toUri().toURL());
    Path classes = classes();
    for (Path entry : classPath()) {
      if (!entry.equals(classes)) {
        urls.add(url(entry));
      }
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  private static URL url(Path path) throws MalformedURLException {
    return path.toUri().toURL();
  }

  /** Packs the classes and, where it is wanted, the library, as the jar that users have. */
  private Path jar(boolean withLibrary) throws Exception {
    Path jar = folder.resolve("test-probe.jar");
    Path classes = classes();
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (withLibrary || !file.toString().endsWith(".so")) {
          out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
          Files.copy(file, out);
          out.closeEntry();
        }
      }
    }
    return jar;
  }

  /** Opens a probe with the classes of a loader, asks it something, and closes it. */
  private static Class<?> use(ClassLoader loader) throws Exception {
    Class<?> probes = Class.forName("io.testprobe.Probe", true, loader);
    Object probe;
    try {
      probe = probes.getMethod("embedded").invoke(null);
    } catch (InvocationTargetException failed) {
      throw (Exception) failed.getCause();
    }
    assertTrue(probes.getMethod("bootstrapServers").invoke(probe).toString().startsWith("127.0.0.1:"));
    probes.getMethod("close").invoke(probe);
    return probes;
  }

  @Test
  void classes_are_loaded_again_and_again_and_go_away() throws Exception {
    NativeLibrary.load();
    List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      loaders.add(loadOnce());
    }
    Support.until("the end of the class loaders", () -> {
      System.gc();
      return loaders.stream().allMatch(loader -> loader.get() == null);
    });
    assertTrue(Support.probe().bootstrapServers().startsWith("127.0.0.1:"));
  }

  private WeakReference<ClassLoader> loadOnce() throws Exception {
    try (URLClassLoader loader = loader(classes())) {
      assertNotSame(Probe.class, use(loader));
      return new WeakReference<>(loader);
    }
  }

  @Test
  void the_library_comes_out_of_the_jar_and_leaves_nothing_behind() throws Exception {
    Path unpacked = folder.resolve("unpacked");
    System.setProperty(NativeLibrary.FOLDER, unpacked.toString());
    try (URLClassLoader loader = loader(jar(true))) {
      use(loader);
    }
    try (Stream<Path> left = Files.list(unpacked)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void a_library_is_named_by_a_property() throws Exception {
    Path mine = Files.copy(library(), folder.resolve("mine.so"), StandardCopyOption.REPLACE_EXISTING);
    System.setProperty(NativeLibrary.PATH, mine.toString());
    try (URLClassLoader loader = loader(jar(false))) {
      use(loader);
    }
  }

  @Test
  void a_platform_without_a_library_is_named_with_the_remedy() throws Exception {
    try (URLClassLoader loader = loader(jar(false))) {
      Exception error = assertThrows(Exception.class, () -> use(loader));
      assertEquals("io.testprobe.UsageException", error.getClass().getName());
      String arch = System.getProperty("os.arch").replace("amd64", "x86_64");
      for (String said : List.of("linux", arch, "mvn -f java install", "-Dtestprobe.library.path")) {
        assertTrue(error.getMessage().contains(said), error.getMessage());
      }
      // Not a NoClassDefFoundError from the second call on.
      assertEquals(error.getMessage(), assertThrows(Exception.class, () -> use(loader)).getMessage());
      System.setProperty(NativeLibrary.PATH, library().toString());
      use(loader);
    }
  }

  @Test
  void a_library_that_is_none_is_refused_with_the_remedy() throws IOException {
    Path wrong = Files.writeString(folder.resolve("wrong.so"), "not a library");
    for (Path path : List.of(wrong, folder.resolve("absent.so"))) {
      System.setProperty(NativeLibrary.PATH, path.toString());
      Exception error = assertThrows(Exception.class, () -> {
        try (URLClassLoader loader = loader(jar(false))) {
          use(loader);
        }
      });
      assertTrue(error.getMessage().contains(path.getFileName().toString()), error.getMessage());
      assertTrue(error.getMessage().contains("-D" + NativeLibrary.PATH), error.getMessage());
    }
  }

  @Test
  void the_versions_of_jar_library_and_workspace_are_one() throws Exception {
    NativeLibrary.load();
    String version = Json.read(Native.about()).path("version").asText();
    for (String file : List.of("java/pom.xml", "java/test-probe/pom.xml")) {
      assertTrue(Files.readString(Support.ROOT.resolve(file)).contains("<version>" + version + "</version>"), file);
    }
    assertTrue(Files.readString(Support.ROOT.resolve("Cargo.toml")).contains("version = \"" + version + "\""));
    assertSame(Native.ABI, Json.read(Native.about()).path("abi").asInt());
  }
}
