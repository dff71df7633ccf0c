//! What an expression says of an event.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::datum::Datum;
use super::syntax::{Expr, Kind, Loop, Operator, Variable};
use super::{Failure, Outcome, Unknown};
use crate::event::{Decoded, ReceivedEvent};
use crate::lazy::step;
use crate::matcher::budget::Budget;
use crate::matcher::describe::cut;

/// Why there is no value.
enum Fault {
    /// Nobody knows, or it would take too long to find out.
    Unknown,
    /// A member was not there; the text says which.
    Missing(String),
    /// The types do not go together, a division by zero and the like.
    Wrong(String),
}

type Evaluated<'a> = Result<Datum<'a>, Fault>;

/// Judges one part of an expression; the source is what its places are in.
pub(super) fn judge<'a>(
    part: &'a Expr,
    source: &str,
    event: &'a ReceivedEvent,
    unknown: Unknown,
    budget: &Budget,
) -> Outcome {
    let mut evaluation = Evaluation { source, event, unknown, budget, locals: Vec::new() };
    let (actual, reason) = match evaluation.evaluate(part) {
        _ if budget.is_exhausted() => return Outcome::Unknown,
        Ok(Datum::Bool(true)) => return Outcome::Holds,
        Err(Fault::Unknown) => return Outcome::Unknown,
        Ok(Datum::Bool(false)) => (Some(false.into()), evaluation.operands(part)),
        Ok(other) => {
            (Some(other.to_json()), Some(format!("it was of type {}, not true or false", other.type_name())))
        }
        Err(Fault::Missing(what)) => (None, Some(what)),
        Err(Fault::Wrong(why)) => {
            let read = evaluation.operands(part).map(|read| format!(": {read}")).unwrap_or_default();
            (Some(false.into()), Some(format!("{why}{read}")))
        }
    };
    Outcome::Fails(Failure { part: source[part.at..part.end].to_owned(), actual, hint: reason })
}

/// Returns whether a part is true, without a word about why not; `None` when that is not known.
pub(super) fn truth<'a>(
    part: &'a Expr,
    source: &str,
    event: &'a ReceivedEvent,
    unknown: Unknown,
    budget: &Budget,
) -> Option<bool> {
    let evaluated = Evaluation { source, event, unknown, budget, locals: Vec::new() }.evaluate(part);
    match evaluated {
        _ if budget.is_exhausted() => None,
        Err(Fault::Unknown) => None,
        evaluated => Some(matches!(evaluated, Ok(Datum::Bool(true)))),
    }
}

/// Returns the JSON pointer of a path of members into the value.
fn pointer(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Variable(Variable::Value) => Some(String::new()),
        Kind::Member(of, name) => pointer(of).map(|above| above + &step(name)),
        _ => None,
    }
}

/// Returns an integer that an expression can hold.
pub(super) fn in_range(value: i128) -> Option<i128> {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value).then_some(value)
}

struct Evaluation<'a, 'e> {
    source: &'e str,
    event: &'a ReceivedEvent,
    unknown: Unknown,
    budget: &'e Budget,
    locals: Vec<Datum<'a>>,
}

impl<'a> Evaluation<'a, '_> {
    fn evaluate(&mut self, expr: &'a Expr) -> Evaluated<'a> {
        if !self.budget.spend(1) {
            return Err(Fault::Unknown);
        }
        match &expr.kind {
            Kind::Null => Ok(Datum::Null),
            Kind::Bool(bool) => Ok(Datum::Bool(*bool)),
            Kind::Int(int) => Ok(Datum::Int(*int)),
            Kind::Double(double) => Ok(Datum::Double(*double)),
            Kind::Text(text) => Ok(Datum::Text(Cow::Borrowed(text))),
            Kind::Variable(variable) => self.variable(*variable),
            Kind::Local(index) => self.locals.get(*index).cloned().ok_or(Fault::Unknown),
            Kind::Member(of, name) => {
                if let Some(found) = self.field(expr) {
                    return Ok(found);
                }
                let of = self.evaluate(of)?;
                of.member(name).ok_or_else(|| self.missing(expr, &of))
            }
            Kind::Has(of, name) => {
                let of = self.evaluate(of)?;
                Ok(Datum::Bool(of.member(name).is_some()))
            }
            Kind::Index(of, index) => self.index(expr, of, index),
            Kind::Not(of) => Ok(Datum::Bool(!self.condition(of)?)),
            Kind::Minus(of) => match self.evaluate(of)? {
                Datum::Int(int) => in_range(-int).map(Datum::Int).ok_or_else(overflow),
                Datum::Double(double) => Ok(Datum::Double(-double)),
                other => Err(Fault::Wrong(format!("`-` does not work on {}", other.type_name()))),
            },
            Kind::And(parts) => self.joined(parts.iter(), false),
            Kind::Or(parts) => self.joined(parts.iter(), true),
            Kind::Binary(operator, left, right) => {
                let (left, right) = (self.evaluate(left)?, self.evaluate(right)?);
                self.binary(*operator, &left, &right)
            }
            Kind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.condition(condition)? { self.evaluate(then) } else { self.evaluate(otherwise) }
            }
            Kind::List(elements) => {
                let elements: Result<Vec<_>, _> = elements.iter().map(|part| self.evaluate(part)).collect();
                Ok(Datum::List(elements?.into()))
            }
            Kind::Map(pairs) => {
                let pairs: Result<Vec<_>, _> = pairs
                    .iter()
                    .map(|(key, value)| Ok((self.evaluate(key)?, self.evaluate(value)?)))
                    .collect();
                Ok(Datum::Map(pairs?.into()))
            }
            Kind::Call(function, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    let value = self.evaluate(argument)?;
                    if let Datum::Text(text) = &value {
                        self.budget.spend_on(text);
                    }
                    values.push(value);
                }
                function.call(&values).map_err(Fault::Wrong)
            }
            Kind::Matches(of, pattern) => match self.evaluate(of)? {
                Datum::Text(text) => {
                    self.budget.spend_on(&text);
                    Ok(Datum::Bool(pattern.is_match(&text)))
                }
                other => Err(Fault::Wrong(format!("`matches` does not work on {}", other.type_name()))),
            },
            Kind::Loop(kind, range, body) => self.iterate(*kind, range, body),
            Kind::MapSome(parts) => self.map_some(parts),
        }
    }

    fn variable(&self, variable: Variable) -> Evaluated<'a> {
        let event = self.event;
        let text = |field: &'a Option<String>, is_unknown: bool, name: &str| match field {
            _ if is_unknown => Err(Fault::Unknown),
            Some(text) => Ok(Datum::Text(Cow::Borrowed(text))),
            None => Err(Fault::Missing(format!("{name} was not there"))),
        };
        match variable {
            Variable::Id => text(&event.envelope.id, self.unknown.id, "id"),
            Variable::Type => text(&event.envelope.event_type, self.unknown.event_type, "type"),
            Variable::Version => text(&event.envelope.version, self.unknown.version, "version"),
            Variable::Key => Ok(event.shown_key().map_or(Datum::Null, Datum::from_bytes)),
            Variable::Headers => Ok(Datum::Headers(&event.headers)),
            Variable::Value => match &event.value {
                _ if self.unknown.value => Err(Fault::Unknown),
                Decoded::Null => Ok(Datum::Null),
                Decoded::Json(value) => Ok(Datum::from(&**value)),
                Decoded::Text(text) => Ok(Datum::Text(Cow::Borrowed(text))),
                Decoded::Bytes => Ok(Datum::from_bytes(event.raw_value.as_deref().unwrap_or_default())),
                Decoded::Failed(_) => Err(Fault::Unknown),
            },
            Variable::Topic => Ok(Datum::Text(Cow::Borrowed(&event.topic))),
            Variable::Partition => Ok(Datum::Int(event.partition.into())),
            Variable::Offset => Ok(Datum::Int(event.offset.into())),
            Variable::Timestamp => event
                .timestamp
                .map(|millis| Datum::Int(millis.into()))
                .ok_or_else(|| Fault::Missing("timestamp was not there".to_owned())),
        }
    }

    /// Returns what a path of members leads to in a value that was not decoded, where it is no list and no object.
    fn field(&self, expr: &Expr) -> Option<Datum<'a>> {
        let Decoded::Json(value) = &self.event.value else { return None };
        if self.unknown.value || !value.is_undecoded() {
            return None;
        }
        let pointer = pointer(expr)?;
        Datum::of_scalar(value.field(&pointer)?.into_owned())
    }

    fn text_of(&self, expr: &Expr) -> &str {
        &self.source[expr.at..expr.end]
    }

    fn missing(&self, expr: &Expr, of: &Datum<'_>) -> Fault {
        let written = self.text_of(expr);
        if of.is_list() || of.keys().is_some() {
            Fault::Missing(format!("{written} was not there"))
        } else {
            Fault::Missing(format!("{written} was not there: {} has no members", of.type_name()))
        }
    }

    fn index(&mut self, expr: &Expr, of: &'a Expr, index: &'a Expr) -> Evaluated<'a> {
        let (of, index) = (self.evaluate(of)?, self.evaluate(index)?);
        let found = match &index {
            _ if !of.is_list() => of.at_key(&index, self.budget),
            Datum::Int(int) => usize::try_from(*int).ok().and_then(|index| of.element(index)),
            other => {
                return Err(Fault::Wrong(format!("a list has no element `{}`", other.to_json())));
            }
        };
        found.ok_or_else(|| self.missing(expr, &of))
    }

    fn condition(&mut self, expr: &'a Expr) -> Result<bool, Fault> {
        match self.evaluate(expr)? {
            Datum::Bool(bool) => Ok(bool),
            other => {
                let written = self.text_of(expr);
                Err(Fault::Wrong(format!("`{written}` was of type {}, not true or false", other.type_name())))
            }
        }
    }

    /// Joins conditions: the decisive value wins over what is not known, and that over what is wrong.
    fn joined(&mut self, parts: impl Iterator<Item = &'a Expr>, decisive: bool) -> Evaluated<'a> {
        let mut fault = None;
        for part in parts {
            match self.condition(part) {
                Ok(bool) if bool == decisive => return Ok(Datum::Bool(decisive)),
                Ok(_) => {}
                Err(worse) => note(&mut fault, worse),
            }
        }
        fault.map_or(Ok(Datum::Bool(!decisive)), Err)
    }

    fn binary(&self, operator: Operator, left: &Datum<'a>, right: &Datum<'a>) -> Evaluated<'a> {
        let ordered = |holds: fn(Ordering) -> bool| match left.order(right) {
            Some(order) => Ok(Datum::Bool(holds(order))),
            None if is_number(left) && is_number(right) => Ok(Datum::Bool(false)),
            None => Err(self.no_overload(operator, left, right)),
        };
        match operator {
            Operator::Equal => Ok(Datum::Bool(left.same(right, self.budget))),
            Operator::NotEqual => Ok(Datum::Bool(!left.same(right, self.budget))),
            Operator::Less => ordered(Ordering::is_lt),
            Operator::LessOrEqual => ordered(Ordering::is_le),
            Operator::Greater => ordered(Ordering::is_gt),
            Operator::GreaterOrEqual => ordered(Ordering::is_ge),
            Operator::In => self.is_in(left, right),
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => self.arithmetic(operator, left, right),
        }
    }

    fn is_in(&self, left: &Datum<'a>, right: &Datum<'a>) -> Evaluated<'a> {
        if right.is_list() {
            let mut elements = (0..right.size().unwrap_or(0)).filter_map(|index| right.element(index));
            return Ok(Datum::Bool(elements.any(|element| element.same(left, self.budget))));
        }
        if right.keys().is_none() {
            return Err(self.no_overload(Operator::In, left, right));
        }
        Ok(Datum::Bool(right.at_key(left, self.budget).is_some()))
    }

    fn arithmetic(&self, operator: Operator, left: &Datum<'a>, right: &Datum<'a>) -> Evaluated<'a> {
        let double = |a: f64, b: f64| {
            Ok(Datum::Double(match operator {
                Operator::Add => a + b,
                Operator::Subtract => a - b,
                Operator::Multiply => a * b,
                Operator::Divide => a / b,
                _ => return Err(self.no_overload(operator, left, right)),
            }))
        };
        match (left, right) {
            (Datum::Int(a), Datum::Int(b)) => {
                let result = match operator {
                    Operator::Add => a.checked_add(*b),
                    Operator::Subtract => a.checked_sub(*b),
                    Operator::Multiply => a.checked_mul(*b),
                    _ if *b == 0 => return Err(Fault::Wrong("division by zero".to_owned())),
                    Operator::Divide => a.checked_div(*b),
                    _ => a.checked_rem(*b),
                };
                result.and_then(in_range).map(Datum::Int).ok_or_else(overflow)
            }
            (Datum::Double(a), Datum::Double(b)) => double(*a, *b),
            // JSON does not tell 5 from 5.0, so it must not decide whether an expression means anything.
            (Datum::Int(a), Datum::Double(b)) => double(*a as f64, *b),
            (Datum::Double(a), Datum::Int(b)) => double(*a, *b as f64),
            (Datum::Text(a), Datum::Text(b)) if operator == Operator::Add => {
                self.spend(a.len() + b.len())?;
                Ok(Datum::Text(Cow::Owned(format!("{a}{b}"))))
            }
            (a, b) if operator == Operator::Add && a.is_list() && b.is_list() => {
                let (first, second) = (a.size().unwrap_or(0), b.size().unwrap_or(0));
                self.spend(first + second)?;
                let elements = (0..first).filter_map(|i| a.element(i));
                Ok(Datum::List(elements.chain((0..second).filter_map(|i| b.element(i))).collect()))
            }
            _ => Err(self.no_overload(operator, left, right)),
        }
    }

    fn spend(&self, steps: usize) -> Result<(), Fault> {
        if self.budget.spend(1 + steps) { Ok(()) } else { Err(Fault::Unknown) }
    }

    fn no_overload(&self, operator: Operator, left: &Datum<'_>, right: &Datum<'_>) -> Fault {
        let sign = match operator {
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "in",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        };
        Fault::Wrong(format!("`{sign}` does not work on {} and {}", left.type_name(), right.type_name()))
    }

    /// Returns what a loop runs over: the elements of a list, the names of a map.
    fn range(&mut self, range: &'a Expr) -> Result<Vec<Datum<'a>>, Fault> {
        let of = self.evaluate(range)?;
        let elements = if of.is_list() {
            (0..of.size().unwrap_or(0)).filter_map(|index| of.element(index)).collect()
        } else {
            of.keys().ok_or_else(|| {
                Fault::Wrong(format!(
                    "`{}` was of type {}, not a list or a map",
                    self.text_of(range),
                    of.type_name()
                ))
            })?
        };
        self.spend(elements.len())?;
        Ok(elements)
    }

    fn with<T>(&mut self, element: Datum<'a>, run: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(element);
        let result = run(self);
        self.locals.pop();
        result
    }

    fn iterate(&mut self, kind: Loop, range: &'a Expr, body: &'a Expr) -> Evaluated<'a> {
        let elements = self.range(range)?;
        let mut kept = Vec::new();
        let mut holding = 0;
        let mut fault = None;
        for element in elements {
            if kind == Loop::Map {
                kept.push(self.with(element, |inner| inner.evaluate(body))?);
                continue;
            }
            match (kind, self.with(element.clone(), |inner| inner.condition(body))) {
                (Loop::All, Ok(false)) => return Ok(Datum::Bool(false)),
                (Loop::Exists, Ok(true)) => return Ok(Datum::Bool(true)),
                (Loop::All | Loop::Exists, Err(worse)) => note(&mut fault, worse),
                (_, Ok(true)) => {
                    holding += 1;
                    kept.push(element);
                }
                (_, Ok(false)) => {}
                (_, Err(fault)) => return Err(fault),
            }
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
        Ok(match kind {
            Loop::All => Datum::Bool(true),
            Loop::Exists => Datum::Bool(false),
            Loop::ExistsOne => Datum::Bool(holding == 1),
            Loop::Filter | Loop::Map => Datum::List(kept.into()),
        })
    }

    fn map_some(&mut self, parts: &'a [Expr; 3]) -> Evaluated<'a> {
        let [range, condition, body] = parts;
        let mut kept = Vec::new();
        for element in self.range(range)? {
            let mapped = self.with(element, |inner| match inner.condition(condition) {
                Ok(true) => inner.evaluate(body).map(Some),
                Ok(false) => Ok(None),
                Err(fault) => Err(fault),
            })?;
            kept.extend(mapped);
        }
        Ok(Datum::List(kept.into()))
    }

    /// Returns what the part read of the event: `value.total was 2, key was "o-1"`.
    fn operands(&mut self, part: &'a Expr) -> Option<String> {
        const MOST: usize = 3;
        let mut paths = Vec::new();
        collect(part, &mut paths);
        let mut words: Vec<String> = Vec::new();
        for path in paths {
            let written = self.text_of(path).to_owned();
            let is_said = words.iter().any(|said| said.starts_with(&format!("{written} was ")));
            if is_said || words.len() == MOST {
                continue;
            }
            words.push(match self.evaluate(path) {
                Ok(value) => format!("{written} was {}", short(&value)),
                Err(Fault::Missing(what)) => what,
                Err(Fault::Unknown | Fault::Wrong(_)) => continue,
            });
        }
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Keeps the fault that says most: what is not known may turn out either way.
fn note(kept: &mut Option<Fault>, fault: Fault) {
    if kept.is_none() || matches!(fault, Fault::Unknown) {
        *kept = Some(fault);
    }
}

fn overflow() -> Fault {
    Fault::Wrong("the number was too large".to_owned())
}

fn is_number(datum: &Datum<'_>) -> bool {
    matches!(datum, Datum::Int(_) | Datum::Double(_))
}

fn short(value: &Datum<'_>) -> String {
    cut(value.to_json().to_string(), 60)
}

/// Collects the longest chains of members and elements that begin at a variable of the event.
fn collect<'e>(expr: &'e Expr, found: &mut Vec<&'e Expr>) {
    if is_path(expr) {
        found.push(expr);
        return;
    }
    for part in expr.kind.parts() {
        collect(part, found);
    }
}

fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Variable(_) => true,
        Kind::Member(of, _) => is_path(of),
        Kind::Index(of, index) => is_path(of) && matches!(index.kind, Kind::Int(_) | Kind::Text(_)),
        _ => false,
    }
}
