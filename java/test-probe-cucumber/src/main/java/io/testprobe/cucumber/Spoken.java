package io.testprobe.cucumber;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says a step as people would write it, for messages. */
final class Spoken {
  private static final Pattern ALTERNATIVES = Pattern.compile("(\\S+?)/\\S+");
  private static final Pattern OPTION = Pattern.compile("\\([^)]*\\)");
  private static final Pattern PARAMETER = Pattern.compile("\\{(\\w+)\\}");

  private Spoken() {}

  /** Returns the first way to say an expression, with these arguments. */
  static String said(String expression, Object... arguments) {
    String plain = OPTION.matcher(ALTERNATIVES.matcher(expression).replaceAll("$1")).replaceAll("");
    StringBuilder said = new StringBuilder();
    Matcher parameter = PARAMETER.matcher(plain);
    for (int index = 0; parameter.find(); index++) {
      String quote = parameter.group(1).equals("string") ? "\"" : "";
      parameter.appendReplacement(said, Matcher.quoteReplacement(quote + arguments[index] + quote));
    }
    return parameter.appendTail(said).toString();
  }
}
