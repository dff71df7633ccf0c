package io.testprobe;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** Bytes with their lengths before them: how headers and completions cross in one array. */
final class Frame {
  /** The length of what is null. */
  private static final int NULL = -1;

  private Frame() {}

  /** Writes a frame. */
  static final class Writer {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    void bytes(byte[] value) {
      bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(value == null ? NULL : value.length).array());
      if (value != null) {
        bytes.writeBytes(value);
      }
    }

    byte[] finish() {
      return bytes.toByteArray();
    }
  }

  /** Copies the next bytes out of a frame; null for null. */
  static byte[] bytes(ByteBuffer frame) {
    int length = frame.getInt();
    if (length == NULL) {
      return null;
    }
    byte[] value = new byte[length];
    frame.get(value);
    return value;
  }

  /** Returns the next bytes of a frame without copying them. */
  static ByteBuffer part(ByteBuffer frame) {
    int length = frame.getInt();
    ByteBuffer part = frame.slice(frame.position(), length);
    frame.position(frame.position() + length);
    return part;
  }
}
