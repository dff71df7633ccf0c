//! `include/test_probe.h`, by cbindgen from core/src/ffi.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, EnumConfig, ExportConfig, Language, Style};
use test_probe::ErrorCode;

use crate::Failure;

/// In the order in which a reader meets them.
const SOURCES: [&str; 9] = [
    "types.rs",
    "about.rs",
    "error.rs",
    "probe.rs",
    "session.rs",
    "verbs.rs",
    "events.rs",
    "queue.rs",
    "dsl.rs",
];

/// The C name of each Rust type.
const NAMES: [(&str, &str); 11] = [
    ("CProbe", "test_probe_t"),
    ("CSession", "test_probe_session_t"),
    ("CBytes", "test_probe_bytes_t"),
    ("CText", "test_probe_view_t"),
    ("CHeader", "test_probe_header_t"),
    ("CRecord", "test_probe_record_t"),
    ("CAck", "test_probe_ack_t"),
    ("CEvent", "test_probe_event_t"),
    ("CEvents", "test_probe_events_t"),
    ("CError", "test_probe_error_t"),
    ("CCompletion", "test_probe_completion_t"),
];

/// Returns the header's text.
pub(crate) fn generate(root: &Path) -> Result<String, Failure> {
    let rename: HashMap<String, String> =
        NAMES.iter().map(|(rust, c)| ((*rust).to_owned(), (*c).to_owned())).collect();
    let config = Config {
        language: Language::C,
        style: Style::Type,
        cpp_compat: true,
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h", "string.h"].map(str::to_owned).to_vec(),
        include_guard: Some("TEST_PROBE_H".to_owned()),
        header: Some(include_str!("../header/top.h").trim_end().to_owned()),
        after_includes: Some(codes()),
        documentation_style: DocumentationStyle::C99,
        line_length: 110,
        tab_width: 2,
        usize_is_size_t: true,
        enumeration: EnumConfig::default(),
        export: ExportConfig { rename, ..ExportConfig::default() },
        ..Config::default()
    };
    let mut builder = Builder::new().with_config(config).with_src(root.join("core/src/ffi/input.rs"));
    for source in SOURCES {
        builder = builder.with_src(root.join("core/src/ffi").join(source));
    }
    let bindings = builder.generate().map_err(|error| format!("cbindgen: {error}"))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    let text = without_wrappers(text)?;
    let end = text.rfind("#endif").ok_or("the header has no include guard")?;
    let guard = "#ifndef TEST_PROBE_ABI_VERSION\n#define TEST_PROBE_ABI_VERSION 1\n#endif";
    let text = format!("{}{}\n{}", &text[..end], include_str!("../header/bottom.h"), &text[end..]);
    // A test plays a program that was built with another header by defining its version.
    Ok(text.replace("#define TEST_PROBE_ABI_VERSION 1", guard))
}

/// Types that exist in Rust only, to read what C points to; in C they are what they wrap.
const WRAPPERS: [(&str, &str); 2] = [("Text", "const char *"), ("Completions", "test_probe_completion_t *")];

fn without_wrappers(mut text: String) -> Result<String, Failure> {
    for (name, inner) in WRAPPERS {
        let definition = format!("typedef {inner}{name};\n\n");
        let at = text.find(&definition).ok_or_else(|| format!("cbindgen wrote no `{definition}`"))?;
        // Its comment goes too: back to the empty line before.
        let begin = text[..at].rfind("\n\n").map_or(0, |empty| empty + 2);
        text.replace_range(begin..at + definition.len(), "");
        text = text
            .replace(&format!("({name} "), &format!("({inner}"))
            .replace(&format!(" {name} "), &format!(" {inner}"));
    }
    Ok(text)
}

fn codes() -> String {
    let mut text =
        "\n// What a call returns: 0, or why it failed. Numbers never change their meaning.\nenum {\n  TEST_PROBE_OK = 0,\n"
            .to_owned();
    for code in ErrorCode::ALL {
        let _ = writeln!(text, "  // {}", code.summary());
        let _ = writeln!(text, "  TEST_PROBE_{} = {},", code.name(), code.number());
    }
    // The last comma is no C++ before C++11, but C99.
    text + "};\n"
}
