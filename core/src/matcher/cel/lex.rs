//! Words of an expression.

use super::Wrong;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Int(i128),
    Double(f64),
    Text(String),
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// A token and where it lies, in bytes.
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
    pub(super) end: usize,
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Wrong> {
    let mut lexer = Lexer { text, at: 0 };
    let mut found = Vec::new();
    loop {
        lexer.skip_blanks();
        let at = lexer.at;
        let token = lexer.next()?;
        let is_end = token == Token::End;
        found.push(Placed { token, at, end: lexer.at });
        if is_end {
            return Ok(found);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, at: usize, what: impl Into<String>) -> Result<T, Wrong> {
        Err(Wrong::new(at, what))
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']).len();
            let comment = if rest[blank..].starts_with("//") {
                rest[blank..].find('\n').unwrap_or(rest.len() - blank)
            } else {
                0
            };
            self.at += blank + comment;
            if comment == 0 {
                return;
            }
        }
    }

    fn next(&mut self) -> Result<Token, Wrong> {
        let rest = self.rest();
        let mut chars = rest.chars();
        let (Some(first), second) = (chars.next(), chars.next()) else { return Ok(Token::End) };
        let is_quote = |c: Option<char>| matches!(c, Some('"' | '\''));
        if is_quote(Some(first)) {
            return self.string(false);
        }
        if matches!(first, 'r' | 'R') && is_quote(second) {
            self.at += 1;
            return self.string(true);
        }
        if matches!(first, 'b' | 'B') && is_quote(second) {
            return self.wrong(self.at, "bytes are not understood, give text");
        }
        if first.is_ascii_digit() || first == '.' && second.is_some_and(|c| c.is_ascii_digit()) {
            return self.number();
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
            let name = name.to_owned();
            self.at += name.len();
            return Ok(Token::Name(name));
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        let hint = match first {
            '=' => "`=` is no operator, write `==`".to_owned(),
            '&' | '|' => format!("`{first}` is no operator, write `{first}{first}`"),
            other => format!("`{}` has no meaning here", other.escape_default()),
        };
        self.wrong(self.at, hint)
    }

    fn number(&mut self) -> Result<Token, Wrong> {
        let rest = self.rest();
        let start = self.at;
        let too_large = || Wrong::new(start, "the number was too large");
        if let Some(hex) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
            let digits = &hex[..hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len())];
            let value = u64::from_str_radix(digits, 16).map_err(|_| too_large())?;
            self.at += 2 + digits.len();
            return self.number_ends(Token::Int(value.into()));
        }
        let digits =
            |from: usize| rest[from..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - from);
        let mut len = digits(0);
        let mut is_double = false;
        if rest[len..].starts_with('.') && rest[len + 1..].starts_with(|c: char| c.is_ascii_digit()) {
            is_double = true;
            len += 1 + digits(len + 1);
        }
        if rest[len..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[len + 1..].starts_with(['+', '-']));
            let power = digits(len + 1 + sign);
            if power > 0 {
                is_double = true;
                len += 1 + sign + power;
            }
        }
        let token = if is_double {
            rest[..len].parse().ok().filter(|double: &f64| double.is_finite()).map(Token::Double)
        } else {
            rest[..len].parse::<u64>().ok().map(|int| Token::Int(int.into()))
        };
        let token = token.ok_or_else(too_large)?;
        self.at += len;
        self.number_ends(token)
    }

    /// Takes the `u` of an unsigned number, which is a number like any other here.
    fn number_ends(&mut self, token: Token) -> Result<Token, Wrong> {
        if matches!(token, Token::Int(_)) && self.rest().starts_with(['u', 'U']) {
            self.at += 1;
        }
        if self.rest().starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return self.wrong(self.at, "a number ended in a letter");
        }
        Ok(token)
    }

    fn string(&mut self, is_raw: bool) -> Result<Token, Wrong> {
        let start = self.at;
        let rest = self.rest();
        let quote = [r#"""""#, "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote));
        let Some(quote) = quote else { return self.wrong(start, "a string was expected") };
        self.at += quote.len();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(quote) {
                self.at += quote.len();
                return Ok(Token::Text(text));
            }
            match rest.chars().next() {
                None => return self.wrong(start, "the string did not end"),
                Some('\n' | '\r') if quote.len() == 1 => return self.wrong(start, "the string did not end"),
                Some('\\') if !is_raw => text.push(self.escape()?),
                Some(c) => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Wrong> {
        let start = self.at;
        let rest = &self.rest()[1..];
        let plain = match rest.chars().next() {
            Some('a') => Some('\u{7}'),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('v') => Some('\u{b}'),
            Some(c @ ('\\' | '?' | '"' | '\'' | '`')) => Some(c),
            _ => None,
        };
        if let Some(c) = plain {
            self.at += 2;
            return Ok(c);
        }
        let (skip, digits, radix) = match rest.chars().next() {
            Some('x' | 'X') => (1, 2, 16),
            Some('u') => (1, 4, 16),
            Some('U') => (1, 8, 16),
            Some('0'..='3') => (0, 3, 8),
            _ => return self.wrong(start, "the escape is not known"),
        };
        let code = rest.get(skip..skip + digits).filter(|code| code.chars().all(|c| c.is_digit(radix)));
        let code = code.and_then(|code| u32::from_str_radix(code, radix).ok()).and_then(char::from_u32);
        let Some(c) = code else { return self.wrong(start, "the escape is no character") };
        self.at += 1 + skip + digits;
        Ok(c)
    }
}
