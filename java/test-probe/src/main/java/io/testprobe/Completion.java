package io.testprobe;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What an operation of the engine ended in, as it crossed; it is read by whoever waited for it. */
final class Completion {
  private static final byte OUTCOME = 0;
  private static final byte SESSION = 1;
  private static final byte ERROR = 2;

  private final byte kind;
  private final ByteBuffer body;

  private Completion(byte kind, ByteBuffer body) {
    this.kind = kind;
    this.body = body;
  }

  /** Takes the next one off a batch. */
  static Completion read(ByteBuffer batch) {
    return new Completion(batch.get(), Frame.part(batch));
  }

  /** Returns the completion of what the engine will say nothing more about. */
  static Completion shutDown() {
    byte[] error = Json.bytes(Json.object()
        .put("code", ErrorCode.SHUTTING_DOWN.number()).put("message", "the probe was closed while the call waited"));
    Frame.Writer frame = new Frame.Writer();
    frame.bytes(error);
    return new Completion(ERROR, Frame.part(ByteBuffer.wrap(frame.finish())));
  }

  /** Lets go of what nobody waits for any more. */
  void discard() {
    if (kind == SESSION) {
      Native.release(body.getLong(body.position()));
    }
  }

  /** A session that was opened. */
  record Opened(long handle, JsonNode about) {}

  /** What a verb ended in. */
  record Outcome(JsonNode document, List<ReceivedEvent> events) {}

  Opened opened() {
    throwError();
    ByteBuffer frame = body.duplicate();
    return new Opened(frame.getLong(), Json.read(Frame.bytes(frame)));
  }

  Outcome outcome() {
    throwError();
    return outcome(body.duplicate());
  }

  /** Reads what a verb ended in. */
  static Outcome outcome(ByteBuffer frame) {
    JsonNode document = Json.read(Frame.bytes(frame));
    int count = frame.getInt();
    List<ReceivedEvent> events = new ArrayList<>(count);
    for (int index = 0; index < count; index++) {
      events.add(event(frame));
    }
    return new Outcome(document, events);
  }

  private static ReceivedEvent event(ByteBuffer frame) {
    JsonNode document = Json.read(Frame.bytes(frame));
    byte[] key = Frame.bytes(frame);
    byte[] value = Frame.bytes(frame);
    int count = frame.getInt();
    List<Headers.Header> headers = new ArrayList<>(count);
    for (int index = 0; index < count; index++) {
      String name = new String(Frame.bytes(frame), StandardCharsets.UTF_8);
      headers.add(new Headers.Header(name, Frame.bytes(frame)));
    }
    return new ReceivedEvent(document, key, value, new Headers(headers));
  }

  private void throwError() {
    if (kind == ERROR) {
      byte[] document = new byte[body.remaining()];
      body.duplicate().get(document);
      throw Errors.thrown(Errors.fromDocument(Json.read(document)));
    }
  }
}
