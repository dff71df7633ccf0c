package io.testprobe;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;

/** Headers in the order of the wire. A name may repeat, and a value may be null. Names compare exactly. */
public final class Headers implements Iterable<Headers.Header> {
  /**
   * One header.
   *
   * @param name its name
   * @param value its value as it is on the wire, or null
   */
  public record Header(String name, byte[] value) {
    /** Returns the value as UTF-8, or null. */
    public String text() {
      return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Header header && name.equals(header.name) && Arrays.equals(value, header.value);
    }

    @Override
    public int hashCode() {
      return Objects.hash(name, Arrays.hashCode(value));
    }

    @Override
    public String toString() {
      return name + "=" + text();
    }
  }

  private final List<Header> headers;

  Headers(List<Header> headers) {
    this.headers = List.copyOf(headers);
  }

  /** Returns the first value under a name, or null when there is none, or it is null. */
  public byte[] get(String name) {
    return headers.stream().filter(header -> header.name.equals(name)).findFirst().map(Header::value).orElse(null);
  }

  /** Returns the first value under a name as UTF-8, or null. */
  public String text(String name) {
    byte[] value = get(name);
    return value == null ? null : new String(value, StandardCharsets.UTF_8);
  }

  /** Returns every header of a name, in order. */
  public List<Header> getAll(String name) {
    return headers.stream().filter(header -> header.name.equals(name)).toList();
  }

  /** Returns whether a header of this name is there, also with a null value. */
  public boolean contains(String name) {
    return headers.stream().anyMatch(header -> header.name.equals(name));
  }

  /** Returns all headers. */
  public List<Header> asList() {
    return headers;
  }

  /** Returns how many there are. */
  public int size() {
    return headers.size();
  }

  @Override
  public Iterator<Header> iterator() {
    return headers.iterator();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Headers that && headers.equals(that.headers);
  }

  @Override
  public int hashCode() {
    return headers.hashCode();
  }

  @Override
  public String toString() {
    return headers.toString();
  }
}
