//! From words to a tree.

use super::Wrong;
use super::functions::Function;
use super::lex::{Placed, Token, tokens};
use super::syntax::{Expr, Kind, Loop, Operator, Variable};
use crate::document::closest;
use crate::matcher::pattern;

/// No longer than this, in bytes.
const LENGTH: usize = 16 * 1024;
/// No deeper than this. It holds on the smallest stacks on which a match is read, also unoptimised.
const DEPTH: usize = 48;
const TOO_DEEP: &str = "the expression was nested too deeply";

/// Returns the parts of the outermost `&&`.
pub(super) fn parse(source: &str) -> Result<Vec<Expr>, Wrong> {
    if source.len() > LENGTH {
        return Err(Wrong::new(0, format!("the expression was longer than {LENGTH} bytes")));
    }
    let tokens = tokens(source)?;
    let mut parser = Parser { tokens, next: 0, nesting: 0, locals: Vec::new() };
    let expr = parser.expression()?;
    if *parser.peek() != Token::End {
        return Err(parser.unexpected("an operator or the end"));
    }
    Ok(match expr.kind {
        Kind::And(parts) => parts,
        _ => vec![expr],
    })
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    nesting: usize,
    /// The variables of the loops around.
    locals: Vec<String>,
}

type Parsed = Result<Expr, Wrong>;

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].token
    }

    fn at(&self) -> usize {
        self.tokens[self.next].at
    }

    /// Returns where the last token ended.
    fn end(&self) -> usize {
        self.tokens[self.next.saturating_sub(1)].end
    }

    fn advance(&mut self) {
        if self.next + 1 < self.tokens.len() {
            self.next += 1;
        }
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Sign(found) if *found == sign);
        if is_it {
            self.advance();
        }
        is_it
    }

    fn expect(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.takes(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Wrong {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Name(name) => format!("`{name}`"),
            Token::Int(_) | Token::Double(_) => "a number".to_owned(),
            Token::Text(_) => "a string".to_owned(),
        };
        Wrong::new(self.at(), format!("{wanted} was expected, {found} was there"))
    }

    fn node(&self, at: usize, kind: Kind) -> Parsed {
        let depth = 1 + kind.parts().into_iter().map(|part| part.depth).max().unwrap_or(0);
        if depth > DEPTH {
            return Err(Wrong::new(at, TOO_DEEP));
        }
        Ok(Expr { at, end: self.end(), depth, kind })
    }

    fn expression(&mut self) -> Parsed {
        self.nesting += 1;
        if self.nesting > DEPTH {
            return Err(Wrong::new(self.at(), TOO_DEEP));
        }
        let at = self.at();
        let condition = self.any_of()?;
        let parsed = if self.takes("?") {
            let then = self.any_of()?;
            self.expect(":")?;
            let otherwise = self.expression()?;
            self.node(at, Kind::Conditional(Box::new([condition, then, otherwise])))
        } else {
            Ok(condition)
        };
        self.nesting -= 1;
        parsed
    }

    fn any_of(&mut self) -> Parsed {
        let at = self.at();
        let mut parts = vec![self.all_of()?];
        while self.takes("||") {
            parts.push(self.all_of()?);
        }
        self.joined(at, parts, Kind::Or)
    }

    fn all_of(&mut self) -> Parsed {
        let at = self.at();
        let mut parts = Vec::new();
        loop {
            let part = self.binary(0)?;
            match part.kind {
                // What stands in brackets is no different from what does not.
                Kind::And(inner) => parts.extend(inner),
                _ => parts.push(part),
            }
            if !self.takes("&&") {
                return self.joined(at, parts, Kind::And);
            }
        }
    }

    fn joined(&self, at: usize, mut parts: Vec<Expr>, kind: fn(Vec<Expr>) -> Kind) -> Parsed {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                self.node(at, kind(parts))
            }
            None => Err(self.unexpected("a condition")),
        }
    }

    /// Returns the operator that comes next, and how tightly it binds.
    fn operator(&self) -> Option<(Operator, u8)> {
        Some(match self.peek() {
            Token::Sign("==") => (Operator::Equal, 1),
            Token::Sign("!=") => (Operator::NotEqual, 1),
            Token::Sign("<") => (Operator::Less, 1),
            Token::Sign("<=") => (Operator::LessOrEqual, 1),
            Token::Sign(">") => (Operator::Greater, 1),
            Token::Sign(">=") => (Operator::GreaterOrEqual, 1),
            Token::Name(name) if name == "in" => (Operator::In, 1),
            Token::Sign("+") => (Operator::Add, 2),
            Token::Sign("-") => (Operator::Subtract, 2),
            Token::Sign("*") => (Operator::Multiply, 3),
            Token::Sign("/") => (Operator::Divide, 3),
            Token::Sign("%") => (Operator::Remainder, 3),
            _ => return None,
        })
    }

    fn binary(&mut self, at_least: u8) -> Parsed {
        let at = self.at();
        let mut left = self.unary()?;
        while let Some((operator, binding)) = self.operator().filter(|(_, binding)| *binding > at_least) {
            self.advance();
            let right = self.binary(binding)?;
            left = self.node(at, Kind::Binary(operator, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let start = self.next;
        while matches!(self.peek(), Token::Sign("!" | "-")) {
            self.advance();
        }
        let signs = start..self.next;
        let mut operand = self.postfix()?;
        for index in signs.rev() {
            let at = self.tokens[index].at;
            let kind = match (&self.tokens[index].token, operand.kind) {
                (Token::Sign("-"), Kind::Int(int)) => Kind::Int(-int),
                (Token::Sign("-"), Kind::Double(double)) => Kind::Double(-double),
                (Token::Sign("-"), kind) => Kind::Minus(Box::new(Expr { kind, ..operand })),
                (_, kind) => Kind::Not(Box::new(Expr { kind, ..operand })),
            };
            operand = self.node(at, kind)?;
        }
        Ok(operand)
    }

    fn postfix(&mut self) -> Parsed {
        let at = self.at();
        let mut of = self.primary()?;
        loop {
            if self.takes("[") {
                let index = self.expression()?;
                self.expect("]")?;
                of = self.node(at, Kind::Index(Box::new(of), Box::new(index)))?;
            } else if self.takes(".") {
                let name_at = self.at();
                let name = self.name("the name of a member")?;
                of = if self.takes("(") {
                    self.method(at, name_at, of, &name)?
                } else {
                    self.node(at, Kind::Member(Box::new(of), name))?
                };
            } else {
                return Ok(of);
            }
        }
    }

    fn name(&mut self, wanted: &str) -> Result<String, Wrong> {
        let Token::Name(name) = self.peek() else { return Err(self.unexpected(wanted)) };
        let name = name.clone();
        self.advance();
        Ok(name)
    }

    fn primary(&mut self) -> Parsed {
        let at = self.at();
        let kind = match self.peek().clone() {
            Token::Int(int) => Kind::Int(int),
            Token::Double(double) => Kind::Double(double),
            Token::Text(text) => Kind::Text(text),
            Token::Name(name) => return self.named(at, &name),
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => {
                self.advance();
                let elements = self.list("]")?;
                return self.node(at, Kind::List(elements));
            }
            Token::Sign("{") => {
                self.advance();
                let pairs = self.pairs()?;
                return self.node(at, Kind::Map(pairs));
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.advance();
        self.node(at, kind)
    }

    fn named(&mut self, at: usize, name: &str) -> Parsed {
        self.advance();
        let kind = match name {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            _ if self.takes("(") => return self.function(at, name),
            _ => match self.locals.iter().rposition(|local| local == name) {
                Some(local) => Kind::Local(local),
                None => Kind::Variable(variable(at, name)?),
            },
        };
        self.node(at, kind)
    }

    /// Reads what stands between brackets, up to the closing one; a comma may stand at the end.
    fn list(&mut self, close: &str) -> Result<Vec<Expr>, Wrong> {
        let mut elements = Vec::new();
        while !self.takes(close) {
            elements.push(self.expression()?);
            if !self.takes(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(elements)
    }

    fn pairs(&mut self) -> Result<Vec<(Expr, Expr)>, Wrong> {
        let mut pairs = Vec::new();
        while !self.takes("}") {
            let key = self.expression()?;
            self.expect(":")?;
            pairs.push((key, self.expression()?));
            if !self.takes(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(pairs)
    }

    fn function(&mut self, at: usize, name: &str) -> Parsed {
        if name == "has" {
            let argument = self.expression()?;
            self.expect(")")?;
            let Kind::Member(of, member) = argument.kind else {
                return Err(Wrong::new(argument.at, "`has` asks for a member, as `has(value.total)`"));
            };
            return self.node(at, Kind::Has(of, member));
        }
        let arguments = self.list(")")?;
        self.call(at, at, name, arguments, false)
    }

    fn method(&mut self, at: usize, name_at: usize, of: Expr, name: &str) -> Parsed {
        let kind = match name {
            "all" => Loop::All,
            "exists" => Loop::Exists,
            "exists_one" | "existsOne" => Loop::ExistsOne,
            "filter" => Loop::Filter,
            "map" => Loop::Map,
            _ => {
                let mut arguments = vec![of];
                arguments.extend(self.list(")")?);
                return self.call(at, name_at, name, arguments, true);
            }
        };
        let local = self.name("the name of a variable")?;
        if Variable::ALL.iter().any(|(known, _)| *known == local) {
            return Err(Wrong::new(self.at(), format!("`{local}` is a name of the event, choose another")));
        }
        self.expect(",")?;
        self.locals.push(local);
        let body = self.expression()?;
        let more = if kind == Loop::Map && self.takes(",") { Some(self.expression()?) } else { None };
        self.locals.pop();
        self.expect(")")?;
        let kind = match more {
            Some(more) => Kind::MapSome(Box::new([of, body, more])),
            None => Kind::Loop(kind, Box::new(of), Box::new(body)),
        };
        self.node(at, kind)
    }

    fn call(
        &self,
        at: usize,
        name_at: usize,
        name: &str,
        mut arguments: Vec<Expr>,
        is_method: bool,
    ) -> Parsed {
        if name == "matches" && arguments.len() == 2 {
            return match (arguments.pop(), arguments.pop()) {
                (Some(Expr { at: pattern_at, kind: Kind::Text(text), .. }), Some(of)) => {
                    let regex = pattern::anywhere(&text).map_err(|why| Wrong::new(pattern_at, why))?;
                    self.node(at, Kind::Matches(Box::new(of), regex))
                }
                (pattern, _) => {
                    let at = pattern.map_or(name_at, |pattern| pattern.at);
                    Err(Wrong::new(at, "the pattern of `matches` was not a string written here"))
                }
            };
        }
        let Some(function) = Function::named(name) else {
            let wrong = Wrong::new(name_at, format!("unknown function `{name}`"));
            let near = closest(name, Function::ALL.map(|(known, ..)| known));
            return Err(match near {
                Some(near) => wrong.hint(format!("did you mean `{near}`?")),
                None => wrong.hint(format!("known: {}", Function::ALL.map(|(known, ..)| known).join(", "))),
            });
        };
        let fits = arguments.len() == function.arity() && (!is_method || function.is_method());
        if !fits {
            return Err(Wrong::new(name_at, format!("`{name}` is written {}", function.usage())));
        }
        self.node(at, Kind::Call(function, arguments))
    }
}

fn variable(at: usize, name: &str) -> Result<Variable, Wrong> {
    if let Some((_, variable)) = Variable::ALL.iter().find(|(known, _)| *known == name) {
        return Ok(*variable);
    }
    let names = Variable::ALL.map(|(known, _)| known);
    let wrong = Wrong::new(at, format!("unknown variable `{name}`"));
    Err(match closest(name, names) {
        Some(near) => wrong.hint(format!("did you mean `{near}`?")),
        None => wrong.hint(format!("known: {}; a member of the value is `value.{name}`", names.join(", "))),
    })
}
