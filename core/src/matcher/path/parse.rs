//! From text to a path.

use serde_json::Value;

use super::Wrong;
use super::syntax::{Comparison, Condition, Operand, Pattern, Query, Segment, Selector};
use crate::matcher::pattern;

/// No longer than this, in bytes.
const LENGTH: usize = 4 * 1024;
/// No more filters within filters, brackets within brackets.
const DEPTH: usize = 24;
/// The integers that JSON's readers agree on.
const INTEGER: i64 = (1 << 53) - 1;

pub(super) fn parse(text: &str) -> Result<Query, Wrong> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    if text.len() > LENGTH {
        return parser.wrong(format!("the path was longer than {LENGTH} bytes"));
    }
    if !parser.takes("$") {
        return parser.wrong("a path begins with `$`");
    }
    let segments = parser.segments()?;
    if parser.at < text.len() {
        return parser.wrong("`.name`, `[...]` or the end was expected");
    }
    Ok(Query { is_absolute: true, segments })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, Wrong>;

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Parsed<T> {
        Err(Wrong { column: self.text[..self.at].chars().count() + 1, what: what.into() })
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_it = self.rest().starts_with(sign);
        if is_it {
            self.at += sign.len();
        }
        is_it
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.takes(sign) { Ok(()) } else { self.wrong(format!("`{sign}` was expected")) }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.wrong("the path was nested too deeply");
        }
        let read = read(self)?;
        self.depth -= 1;
        Ok(read)
    }

    fn segments(&mut self) -> Parsed<Vec<Segment>> {
        let mut segments = Vec::new();
        loop {
            let before = self.at;
            self.skip_blanks();
            let is_descendant = self.takes("..");
            let selectors = if self.takes("[") {
                self.deeper(Self::selectors)?
            } else if is_descendant || self.takes(".") {
                vec![if self.takes("*") { Selector::Wildcard } else { Selector::Name(self.name()?) }]
            } else {
                self.at = before;
                return Ok(segments);
            };
            segments.push(Segment { is_descendant, selectors });
        }
    }

    /// Reads a name that stands behind a dot.
    fn name(&mut self) -> Parsed<String> {
        let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        let rest = self.rest();
        if !rest.starts_with(is_first) {
            return self.wrong("the name of a member was expected; write others as `['name']`");
        }
        let name = &rest[..rest.find(|c| !is_first(c) && !c.is_ascii_digit()).unwrap_or(rest.len())];
        self.at += name.len();
        if self.rest().starts_with('-') {
            return self.wrong("a name with `-` is written `['name-more']`");
        }
        Ok(name.to_owned())
    }

    fn selectors(&mut self) -> Parsed<Vec<Selector>> {
        let mut selectors = Vec::new();
        loop {
            self.skip_blanks();
            selectors.push(self.selector()?);
            self.skip_blanks();
            if !self.takes(",") {
                self.expect("]")?;
                return Ok(selectors);
            }
        }
    }

    fn selector(&mut self) -> Parsed<Selector> {
        match self.peek() {
            Some('\'' | '"') => Ok(Selector::Name(self.string()?)),
            Some('*') => {
                self.at += 1;
                Ok(Selector::Wildcard)
            }
            Some('?') => {
                self.at += 1;
                self.skip_blanks();
                Ok(Selector::Filter(self.deeper(Self::any_of)?))
            }
            _ => self.index_or_slice(),
        }
    }

    fn index_or_slice(&mut self) -> Parsed<Selector> {
        let start = self.optional_integer()?;
        let behind = self.at;
        self.skip_blanks();
        if !self.takes(":") {
            self.at = behind;
            return match start {
                Some(index) => Ok(Selector::Index(index)),
                None => self.wrong("a name in quotes, an index, a slice, `*` or `?` was expected"),
            };
        }
        self.skip_blanks();
        let end = self.optional_integer()?;
        let behind = self.at;
        self.skip_blanks();
        if !self.takes(":") {
            self.at = behind;
            return Ok(Selector::Slice(start, end, 1));
        }
        let behind = self.at;
        self.skip_blanks();
        let step = self.optional_integer()?;
        if step.is_none() {
            self.at = behind;
        }
        Ok(Selector::Slice(start, end, step.unwrap_or(1)))
    }

    fn optional_integer(&mut self) -> Parsed<Option<i64>> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 && sign == 0 {
            return Ok(None);
        }
        let text = &rest[..sign + digits];
        let is_canonical = digits > 0 && text != "-0" && (digits == 1 || !rest[sign..].starts_with('0'));
        match text.parse::<i64>().ok().filter(|int| is_canonical && int.abs() <= INTEGER) {
            Some(int) => {
                self.at += text.len();
                Ok(Some(int))
            }
            None => self.wrong(format!("`{text}` is no index")),
        }
    }

    fn string(&mut self) -> Parsed<String> {
        let Some(quote) = self.peek() else { return self.wrong("a string was expected") };
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                self.at = start;
                return self.wrong("the string did not end");
            };
            match c {
                c if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escape(quote)?),
                c if c < ' ' => return self.wrong("a control character is written as an escape"),
                c => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self, quote: char) -> Parsed<char> {
        let plain = match self.rest()[1..].chars().next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(c @ ('/' | '\\')) => c,
            Some(c) if c == quote => c,
            Some('u') => return self.unicode(),
            _ => return self.wrong("the escape is not known"),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode(&mut self) -> Parsed<char> {
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_hex { u16::from_str_radix(digits, 16).ok() } else { None }
        };
        let Some(first) = unit(self.at) else { return self.wrong("the escape is no character") };
        let is_pair = (0xd800..0xdc00).contains(&first);
        let units = [Some(first), if is_pair { unit(self.at + 6) } else { None }];
        let decoded = char::decode_utf16(units.into_iter().flatten()).next();
        let Some(Ok(c)) = decoded else { return self.wrong("the escape is no character") };
        self.at += 6 * c.len_utf16();
        Ok(c)
    }

    fn any_of(&mut self) -> Parsed<Condition> {
        Ok(single(self.chain("||", Self::all_of)?, Condition::Or))
    }

    fn all_of(&mut self) -> Parsed<Condition> {
        Ok(single(self.chain("&&", Self::basic)?, Condition::And))
    }

    /// Reads one part or several with this sign between them.
    fn chain(&mut self, sign: &str, part: fn(&mut Self) -> Parsed<Condition>) -> Parsed<Vec<Condition>> {
        let mut parts = vec![part(self)?];
        loop {
            let behind = self.at;
            self.skip_blanks();
            if !self.takes(sign) {
                self.at = behind;
                return Ok(parts);
            }
            self.skip_blanks();
            parts.push(part(self)?);
        }
    }

    fn basic(&mut self) -> Parsed<Condition> {
        let is_not = self.takes("!");
        self.skip_blanks();
        let condition = if self.takes("(") {
            self.skip_blanks();
            let inner = self.deeper(Self::any_of)?;
            self.skip_blanks();
            self.expect(")")?;
            inner
        } else {
            self.test(is_not)?
        };
        Ok(if is_not { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn test(&mut self, is_not: bool) -> Parsed<Condition> {
        for (name, is_whole) in [("match(", true), ("search(", false)] {
            if self.takes(name) {
                return self.deeper(|inner| inner.pattern_test(is_whole));
            }
        }
        let start = self.at;
        let left = self.operand()?;
        let behind = self.at;
        self.skip_blanks();
        let operators = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let operator = operators.into_iter().find(|(sign, _)| self.rest().starts_with(sign));
        let Some((sign, comparison)) = operator else {
            self.at = behind;
            return match left {
                Left::Query(query) => Ok(Condition::Exists(query)),
                Left::Operand(_) => self.wrong("a comparison was expected"),
            };
        };
        if is_not {
            self.at = start;
            return self.wrong("`!` before a comparison needs brackets");
        }
        let left = self.singular(left, start)?;
        self.at += sign.len();
        self.skip_blanks();
        let start = self.at;
        let right = self.operand()?;
        let right = self.singular(right, start)?;
        Ok(Condition::Compare(left, comparison, right))
    }

    fn singular(&mut self, left: Left, start: usize) -> Parsed<Operand> {
        match left {
            Left::Operand(operand) => Ok(operand),
            Left::Query(query) if query.is_singular() => Ok(Operand::Singular(query)),
            Left::Query(_) => {
                self.at = start;
                self.wrong("a path in a comparison gives one node; use `value(...)` or `count(...)`")
            }
        }
    }

    fn operand(&mut self) -> Parsed<Left> {
        let rest = self.rest();
        let query = |is_absolute: bool, parser: &mut Self| {
            parser.at += 1;
            Ok(Left::Query(Query { is_absolute, segments: parser.segments()? }))
        };
        match self.peek() {
            Some('$') => query(true, self),
            Some('@') => query(false, self),
            Some('\'' | '"') => Ok(Left::Operand(Operand::Literal(self.string()?.into()))),
            Some('-' | '0'..='9') => Ok(Left::Operand(Operand::Literal(self.number()?))),
            _ => {
                let words = [("true", Value::from(true)), ("false", false.into()), ("null", Value::Null)];
                for (word, value) in words {
                    if rest.starts_with(word) {
                        self.at += word.len();
                        return Ok(Left::Operand(Operand::Literal(value)));
                    }
                }
                self.deeper(Self::function).map(Left::Operand)
            }
        }
    }

    fn number(&mut self) -> Parsed<Value> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let text = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        match serde_json::from_str::<Value>(text) {
            Ok(number @ Value::Number(_)) => {
                self.at += text.len();
                Ok(number)
            }
            _ => self.wrong(format!("`{text}` is no number")),
        }
    }

    fn function(&mut self) -> Parsed<Operand> {
        for name in ["length(", "count(", "value("] {
            if !self.takes(name) {
                continue;
            }
            self.skip_blanks();
            let start = self.at;
            let argument = self.operand()?;
            let operand = match (name, argument) {
                ("length(", argument) => Operand::Length(Box::new(self.singular(argument, start)?)),
                ("count(", Left::Query(query)) => Operand::Count(query),
                ("value(", Left::Query(query)) => Operand::ValueOf(query),
                _ => {
                    self.at = start;
                    return self.wrong("a path was expected");
                }
            };
            self.skip_blanks();
            self.expect(")")?;
            return Ok(operand);
        }
        self.wrong("`@`, `$`, a value or one of length, count, value, match, search was expected")
    }

    /// Reads the arguments of `match` and `search`.
    fn pattern_test(&mut self, is_whole: bool) -> Parsed<Condition> {
        let mut arguments = Vec::new();
        for close in [",", ")"] {
            self.skip_blanks();
            let start = self.at;
            let argument = self.operand()?;
            arguments.push(self.singular(argument, start)?);
            self.skip_blanks();
            self.expect(close)?;
        }
        let (pattern, text) = (arguments.pop(), arguments.pop());
        let pattern = match pattern {
            Some(Operand::Literal(Value::String(text))) => match pattern::interoperable(&text, is_whole) {
                Ok(regex) => Pattern::Compiled(regex),
                Err(why) => return self.wrong(why),
            },
            Some(Operand::Literal(_)) | None => Pattern::Nothing,
            Some(operand) => Pattern::Dynamic { is_whole, operand },
        };
        match text {
            Some(text) => Ok(Condition::Match(text, pattern)),
            None => self.wrong("two arguments were expected"),
        }
    }
}

/// What stands to the left of an operator, if there is one.
enum Left {
    Operand(Operand),
    Query(Query),
}

fn single(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}
