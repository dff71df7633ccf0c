package io.testprobe;

/** 4xxx: a schema, its registry or a payload that breaks it. */
public final class SchemaException extends ProbeException {
  private static final long serialVersionUID = 1L;

  SchemaException(Errors.Facts facts) {
    super(facts);
  }
}
