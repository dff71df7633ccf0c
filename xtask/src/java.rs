//! The error codes as an enum of Java.

use std::fmt::Write as _;

use test_probe::ErrorCode;

use crate::codegen::CATEGORIES;

/// Returns `ErrorCode.java`.
pub(crate) fn error_codes(command: &str) -> String {
    let mut text = format!(
        "package io.testprobe;\n\n\
         /**\n * Every error code. Numbers never change their meaning.\n *\n \
         * <p>Generated from the core by {{@code {command}}}: do not edit.\n */\n\
         public enum ErrorCode {{\n"
    );
    for (index, code) in ErrorCode::ALL.iter().enumerate() {
        let end = if index + 1 == ErrorCode::ALL.len() { ";" } else { "," };
        let _ = writeln!(
            text,
            "  /** {} */\n  {}({}, Category.{}, {}){end}",
            code.summary(),
            code.name(),
            code.number(),
            code.category().name().to_uppercase(),
            code.retriable(),
        );
    }
    text += "\n  /** What kind of trouble a code names. */\n  public enum Category {\n";
    for (index, category) in CATEGORIES.iter().enumerate() {
        let end = if index + 1 == CATEGORIES.len() { "" } else { "," };
        let name = category.name();
        let _ = writeln!(text, "    /** The documents of the engine say {{@code {name}}}. */");
        let _ = writeln!(text, "    {}{end}", name.to_uppercase());
    }
    text + BEHAVIOUR
}

const BEHAVIOUR: &str = "  }

  private final int number;
  private final Category category;
  private final boolean retriable;

  ErrorCode(int number, Category category, boolean retriable) {
    this.number = number;
    this.category = category;
    this.retriable = retriable;
  }

  /** Returns the number that crosses every boundary. */
  public int number() {
    return number;
  }

  /** Returns the category, which decides the class of the exception. */
  public Category category() {
    return category;
  }

  /** Returns whether the same call may succeed later. */
  public boolean retriable() {
    return retriable;
  }

  /** Returns the code of a number; {@link #INTERNAL} for a number that no code has. */
  public static ErrorCode of(int number) {
    for (ErrorCode code : values()) {
      if (code.number == number) {
        return code;
      }
    }
    return INTERNAL;
  }
}
";
