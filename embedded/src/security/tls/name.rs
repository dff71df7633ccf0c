//! The subject of a certificate as the JVM writes it (`X500Principal.getName()`, RFC 2253): Kafka names principals
//! by that text, so ACLs are written with it.

/// Returns the name, the last part first: `CN=alice,OU=tests`. `subject` is what is inside the outer SEQUENCE.
pub(super) fn rfc2253(subject: &[u8]) -> String {
    let parts: Vec<String> = Elements(subject)
        .map(|part| {
            let attributes: Vec<String> = Elements(part.content)
                .filter_map(Attribute::read)
                .map(|attribute| attribute.written())
                .collect();
            attributes.join("+")
        })
        .collect();
    parts.iter().rev().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// Returns the common name nearest to the owner, as it is, without escapes.
pub(super) fn common_name(subject: &[u8]) -> Option<String> {
    let parts: Vec<Element<'_>> = Elements(subject).collect();
    let attributes = parts.iter().rev().flat_map(|part| Elements(part.content)).filter_map(Attribute::read);
    attributes.filter(|attribute| attribute.keyword() == Some("CN")).find_map(|attribute| attribute.text())
}

struct Attribute<'a> {
    oid: &'a [u8],
    value: Element<'a>,
}

impl<'a> Attribute<'a> {
    fn read(sequence: Element<'a>) -> Option<Self> {
        let mut elements = Elements(sequence.content);
        let oid = elements.next().filter(|oid| oid.tag == 6)?.content;
        Some(Self { oid, value: elements.next()? })
    }

    /// The keywords that RFC 2253 has; all else is written as numbers.
    fn keyword(&self) -> Option<&'static str> {
        let keyword = match self.oid {
            [0x55, 4, 3] => "CN",
            [0x55, 4, 6] => "C",
            [0x55, 4, 7] => "L",
            [0x55, 4, 8] => "ST",
            [0x55, 4, 9] => "STREET",
            [0x55, 4, 10] => "O",
            [0x55, 4, 11] => "OU",
            [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
            [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
            _ => return None,
        };
        Some(keyword)
    }

    /// Returns the value where it is one of the strings that the JVM reads; it takes all of them for UTF-8.
    fn text(&self) -> Option<String> {
        const UTF8: u8 = 12;
        const PRINTABLE: u8 = 19;
        const T61: u8 = 20;
        const IA5: u8 = 22;
        const GENERAL: u8 = 27;
        const BMP: u8 = 30;
        matches!(self.value.tag, UTF8 | PRINTABLE | T61 | IA5 | GENERAL | BMP)
            .then(|| String::from_utf8_lossy(self.value.content).into_owned())
    }

    fn written(&self) -> String {
        match (self.keyword(), self.text()) {
            (Some(keyword), Some(text)) => format!("{keyword}={}", escaped(&text)),
            (keyword, _) => {
                let keyword = keyword.map_or_else(|| dotted(self.oid), str::to_owned);
                let hex: String = self.value.whole.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{keyword}=#{hex}")
            }
        }
    }
}

fn escaped(text: &str) -> String {
    let is_space = |c: char| c == ' ' || c == '\r';
    let begin = text.len() - text.trim_start_matches(is_space).len();
    let end = text.trim_end_matches(is_space).len();
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if c == '\0' {
            escaped.push_str("\\00");
            continue;
        }
        if at < begin || at >= end || ",=+<>#;\"\\".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Writes an object identifier, as `1.2.840.113549.1.9.1`.
fn dotted(oid: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0_u64;
    for byte in oid {
        number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.extend([first, number - 40 * first]);
            } else {
                numbers.push(number);
            }
            number = 0;
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// One element of DER.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// With its tag and length.
    whole: &'a [u8],
}

/// The elements in a constructed one. What is malformed ends them; a verified certificate has nothing such.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        Some(Element { tag, content, whole })
    }
}

#[cfg(test)]
mod tests {
    use super::{common_name, rfc2253};

    fn subject(hex: &str) -> Vec<u8> {
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
            .collect();
        bytes[2..].to_vec()
    }

    /// What `new X500Principal(der).getName()` of JDK 17 makes of these.
    #[test]
    fn a_subject_is_written_as_the_jvm_writes_it() {
        for (hex, written) in [
            ("3010310e300c06035504031305616c696365", "CN=alice"),
            (
                "305b310b3009060355040613024348310b3009060355040813024245310d300b060355040713044265726e3110300e06\
                 0355040a13074578616d706c65310e300c060355040b13057465737473310e300c06035504031305616c696365",
                "CN=alice,OU=tests,O=Example,L=Bern,ST=BE,C=CH",
            ),
            (
                "302931133011060355040a0c0a412b423d433b203c783e3112301006035504031309446f652c204a6f686e",
                r"CN=Doe\, John,O=A\+B\=C\; \<x\>",
            ),
            (
                "305031133011060a0992268993f22c6401191603636f6d31173015060a0992268993f22c64011916076578616d706c65\
                 3120300c06035504031305616c6963653010060a0992268993f22c64010113027531",
                "CN=alice+UID=u1,DC=example,DC=com",
            ),
            (
                "3022310a3008060355040313016d3114301206092a864886f70d01090116056140622e63",
                "1.2.840.113549.1.9.1=#16056140622e63,CN=m",
            ),
            ("300f310d300b06035504030c045a6fc3ab", "CN=Zoë"),
            ("30133111300f06035504030c082020612020622020", r"CN=\ \ a  b\ \ "),
            ("300e310c300a06035504030c03202020", r"CN=\ \ \ "),
            ("300b3109300706035504030c00", "CN="),
            ("300e310c300a06035504030c03610062", r"CN=a\00b"),
            ("300e310c300a06035504030c0309620d", "CN=\tb\\\r"),
            ("300e310c300a06035504031a03766973", "CN=#1a03766973"),
            ("300d310b30090603550403120231 32", "CN=#12023132"),
            ("300c310a300806035504050c0176", "2.5.4.5=#0c0176"),
            ("300c310a300806035504090c0176", "STREET=v"),
            (
                "301c311a301806035504030c112c3d2b3c3e233b225c272f3a3f28292e2d",
                r#"CN=\,\=\+\<\>\#\;\"\\'/:?().-"#,
            ),
            ("301c310c300a06035504030c03616263310c300a060355040b0c03646566", "OU=def,CN=abc"),
        ] {
            assert_eq!(rfc2253(&subject(&hex.replace(' ', ""))), written);
        }
    }

    #[test]
    fn the_common_name_is_taken_as_it_is() {
        let of = |hex: &str| common_name(&subject(hex));
        let john = "302931133011060355040a0c0a412b423d433b203c783e3112301006035504031309446f652c204a6f686e";
        assert_eq!(of(john), Some("Doe, John".to_owned()));
        assert_eq!(of("300c310a300806035504050c0176"), None);
        assert_eq!(of("3000"), None);
    }

    #[test]
    fn what_is_no_name_is_read_without_harm() {
        let name =
            subject("302931133011060355040a0c0a412b423d433b203c783e3112301006035504031309446f652c204a6f686e");
        for end in 0..name.len() {
            rfc2253(&name[..end]);
            for byte in [0x00, 0x7f, 0x80, 0x84, 0xff] {
                let mut harmed = name.clone();
                harmed[end] = byte;
                rfc2253(&harmed);
                common_name(&harmed);
            }
        }
    }
}
