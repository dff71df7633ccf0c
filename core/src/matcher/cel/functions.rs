//! The functions of expressions. All are total: what they cannot do is a reason, not a panic.

use std::borrow::Cow;

use super::datum::Datum;
use crate::matcher::number;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    Int,
    Double,
    Text,
    /// Compiled with its pattern, so it is here for its name only.
    Matches,
}

impl Function {
    /// Name, function, usage.
    pub(super) const ALL: [(&'static str, Self, &'static str); 11] = [
        ("size", Self::Size, "`size(x)` or `x.size()`"),
        ("contains", Self::Contains, "`text.contains(part)`"),
        ("startsWith", Self::StartsWith, "`text.startsWith(part)`"),
        ("endsWith", Self::EndsWith, "`text.endsWith(part)`"),
        ("lowerAscii", Self::LowerAscii, "`text.lowerAscii()`"),
        ("upperAscii", Self::UpperAscii, "`text.upperAscii()`"),
        ("trim", Self::Trim, "`text.trim()`"),
        ("int", Self::Int, "`int(x)`"),
        ("double", Self::Double, "`double(x)`"),
        ("string", Self::Text, "`string(x)`"),
        ("matches", Self::Matches, "`text.matches(\"pattern\")`"),
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, ..)| *known == name).map(|(_, function, _)| *function)
    }

    pub(super) fn usage(self) -> &'static str {
        Self::ALL.iter().find(|(_, function, _)| *function == self).map_or("", |(.., usage)| usage)
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, function, _)| *function == self).map_or("", |(name, ..)| name)
    }

    pub(super) fn arity(self) -> usize {
        match self {
            Self::Contains | Self::StartsWith | Self::EndsWith | Self::Matches => 2,
            Self::Size
            | Self::LowerAscii
            | Self::UpperAscii
            | Self::Trim
            | Self::Int
            | Self::Double
            | Self::Text => 1,
        }
    }

    /// Returns whether it can be written behind what it works on.
    pub(super) fn is_method(self) -> bool {
        !matches!(self, Self::Int | Self::Double | Self::Text)
    }

    /// Returns the result, or why there is none.
    pub(super) fn call<'a>(self, arguments: &[Datum<'a>]) -> Result<Datum<'a>, String> {
        let text = |text: Cow<'_, str>| Datum::Text(Cow::Owned(text.into_owned()));
        Ok(match (self, arguments) {
            (Self::Size, [of]) => match of.size() {
                Some(size) => Datum::Int(size as i128),
                None => return Err(self.refusal(arguments)),
            },
            (Self::Contains, [Datum::Text(of), Datum::Text(part)]) => Datum::Bool(of.contains(part.as_ref())),
            (Self::StartsWith, [Datum::Text(of), Datum::Text(part)]) => {
                Datum::Bool(of.starts_with(part.as_ref()))
            }
            (Self::EndsWith, [Datum::Text(of), Datum::Text(part)]) => {
                Datum::Bool(of.ends_with(part.as_ref()))
            }
            (Self::LowerAscii, [Datum::Text(of)]) => text(of.to_ascii_lowercase().into()),
            (Self::UpperAscii, [Datum::Text(of)]) => text(of.to_ascii_uppercase().into()),
            (Self::Trim, [Datum::Text(of)]) => text(of.trim().into()),
            (Self::Int, [of]) => Datum::Int(int(of).ok_or_else(|| self.refusal(arguments))?),
            (Self::Double, [of]) => Datum::Double(match of {
                Datum::Int(int) => *int as f64,
                Datum::Double(double) => *double,
                Datum::Text(text) => text.parse().map_err(|_| self.refusal(arguments))?,
                _ => return Err(self.refusal(arguments)),
            }),
            (Self::Text, [of]) => match of {
                Datum::Text(_) => of.clone(),
                Datum::Int(_) | Datum::Double(_) | Datum::Bool(_) => {
                    Datum::Text(of.to_json().to_string().into())
                }
                _ => return Err(self.refusal(arguments)),
            },
            _ => return Err(self.refusal(arguments)),
        })
    }

    fn refusal(self, arguments: &[Datum<'_>]) -> String {
        let types: Vec<&str> = arguments.iter().map(Datum::type_name).collect();
        let shown = match arguments {
            [Datum::Text(text)] => format!(" ({text:?})"),
            _ => String::new(),
        };
        format!("`{}` does not work on {}{shown}", self.name(), types.join(" and "))
    }
}

fn int(of: &Datum<'_>) -> Option<i128> {
    let value = match of {
        Datum::Int(int) => *int,
        Datum::Double(double) => number::whole(double.trunc())?,
        Datum::Text(text) => text.parse::<i128>().ok()?,
        _ => return None,
    };
    super::eval::in_range(value)
}
