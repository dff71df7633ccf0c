//! Where a value goes while it is read: into a tree, straight into JSON text, or nowhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::fault::Faulty;

/// Takes the parts of a value in the order of the payload.
pub(super) trait Sink {
    /// A finished value.
    type Item;
    /// An object or a list that is being filled.
    type Object;
    type List;

    fn null(&mut self) -> Self::Item;
    fn boolean(&mut self, value: bool) -> Self::Item;
    fn integer(&mut self, value: i64) -> Self::Item;
    fn float(&mut self, value: f32) -> Self::Item;
    fn double(&mut self, value: f64) -> Self::Item;
    fn text(&mut self, value: &str) -> Self::Item;

    /// Takes bytes, which are shown in base64.
    fn bytes(&mut self, value: &[u8]) -> Self::Item {
        self.text(&STANDARD.encode(value))
    }

    fn object(&mut self, size: usize) -> Self::Object;
    fn entry(
        &mut self,
        object: &mut Self::Object,
        key: &str,
        item: impl FnOnce(&mut Self) -> Faulty<Self::Item>,
    ) -> Faulty<()>;
    fn close(&mut self, object: Self::Object) -> Self::Item;

    fn list(&mut self, size: usize) -> Self::List;
    fn element(
        &mut self,
        list: &mut Self::List,
        item: impl FnOnce(&mut Self) -> Faulty<Self::Item>,
    ) -> Faulty<()>;
    fn close_list(&mut self, list: Self::List) -> Self::Item;
}

/// The name of a number that JSON has no form for.
const fn float_name(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Builds a [`Value`].
pub(super) struct Tree;

impl Sink for Tree {
    type Item = Value;
    type Object = Map<String, Value>;
    type List = Vec<Value>;

    #[inline]
    fn null(&mut self) -> Value {
        Value::Null
    }

    #[inline]
    fn boolean(&mut self, value: bool) -> Value {
        Value::Bool(value)
    }

    #[inline]
    fn integer(&mut self, value: i64) -> Value {
        Value::from(value)
    }

    fn float(&mut self, value: f32) -> Value {
        match as_written(value) {
            Some(double) => Value::from(double),
            None => Value::from(float_name(value.into())),
        }
    }

    #[inline]
    fn double(&mut self, value: f64) -> Value {
        if value.is_finite() { Value::from(value) } else { Value::from(float_name(value)) }
    }

    #[inline]
    fn text(&mut self, value: &str) -> Value {
        Value::String(value.to_owned())
    }

    #[inline]
    fn object(&mut self, _size: usize) -> Self::Object {
        Map::new()
    }

    #[inline]
    fn entry(
        &mut self,
        object: &mut Self::Object,
        key: &str,
        item: impl FnOnce(&mut Self) -> Faulty<Value>,
    ) -> Faulty<()> {
        let value = item(self)?;
        object.insert(key.to_owned(), value);
        Ok(())
    }

    #[inline]
    fn close(&mut self, object: Self::Object) -> Value {
        Value::Object(object)
    }

    #[inline]
    fn list(&mut self, size: usize) -> Self::List {
        // A payload announces its sizes; what it did not send yet is not believed.
        Vec::with_capacity(size.min(64))
    }

    #[inline]
    fn element(
        &mut self,
        list: &mut Self::List,
        item: impl FnOnce(&mut Self) -> Faulty<Value>,
    ) -> Faulty<()> {
        list.push(item(self)?);
        Ok(())
    }

    #[inline]
    fn close_list(&mut self, list: Self::List) -> Value {
        Value::Array(list)
    }
}

/// Keeps nothing: what is read into it was only checked.
pub(super) struct Nothing;

impl Sink for Nothing {
    type Item = ();
    type Object = ();
    type List = ();

    #[inline]
    fn null(&mut self) {}

    #[inline]
    fn boolean(&mut self, _value: bool) {}

    #[inline]
    fn integer(&mut self, _value: i64) {}

    #[inline]
    fn float(&mut self, _value: f32) {}

    #[inline]
    fn double(&mut self, _value: f64) {}

    #[inline]
    fn text(&mut self, _value: &str) {}

    #[inline]
    fn bytes(&mut self, _value: &[u8]) {}

    #[inline]
    fn object(&mut self, _size: usize) {}

    #[inline]
    fn entry(
        &mut self,
        _object: &mut (),
        _key: &str,
        item: impl FnOnce(&mut Self) -> Faulty<()>,
    ) -> Faulty<()> {
        item(self)
    }

    #[inline]
    fn close(&mut self, _object: ()) {}

    #[inline]
    fn list(&mut self, _size: usize) {}

    #[inline]
    fn element(&mut self, _list: &mut (), item: impl FnOnce(&mut Self) -> Faulty<()>) -> Faulty<()> {
        item(self)
    }

    #[inline]
    fn close_list(&mut self, _list: ()) {}
}

/// Returns the double that is written as the float is, so that 0.1 stays 0.1; `None` where JSON has no number.
pub(super) fn as_written(value: f32) -> Option<f64> {
    let wide = f64::from(value);
    if !wide.is_finite() {
        return None;
    }
    // Whole numbers that neighbour each other are their own shortest digits.
    if wide.fract() == 0.0 && wide.abs() < 16_777_216.0 {
        return Some(wide);
    }
    value.to_string().parse().ok()
}

/// Appends JSON text.
pub(super) struct Text<'o>(pub(super) &'o mut Vec<u8>);

/// An object or a list in text; whether it has a part already.
pub(super) struct Open(bool);

impl Text<'_> {
    /// Appends what serde_json writes; a vector takes everything.
    fn push<T: serde::Serialize + ?Sized>(&mut self, value: &T) {
        let _ = serde_json::to_writer(&mut *self.0, value);
    }

    fn comma(&mut self, open: &mut Open) {
        if open.0 {
            self.0.push(b',');
        }
        open.0 = true;
    }
}

impl Sink for Text<'_> {
    type Item = ();
    type Object = Open;
    type List = Open;

    fn null(&mut self) {
        self.0.extend_from_slice(b"null");
    }

    fn boolean(&mut self, value: bool) {
        self.push(&value);
    }

    fn integer(&mut self, value: i64) {
        self.push(&value);
    }

    fn float(&mut self, value: f32) {
        match as_written(value) {
            Some(double) => self.push(&double),
            None => self.push(float_name(value.into())),
        }
    }

    fn double(&mut self, value: f64) {
        if value.is_finite() { self.push(&value) } else { self.push(float_name(value)) }
    }

    fn text(&mut self, value: &str) {
        self.push(value);
    }

    fn object(&mut self, _size: usize) -> Open {
        self.0.push(b'{');
        Open(false)
    }

    fn entry(
        &mut self,
        object: &mut Open,
        key: &str,
        item: impl FnOnce(&mut Self) -> Faulty<()>,
    ) -> Faulty<()> {
        self.comma(object);
        self.push(key);
        self.0.push(b':');
        item(self)
    }

    fn close(&mut self, _object: Open) {
        self.0.push(b'}');
    }

    fn list(&mut self, _size: usize) -> Open {
        self.0.push(b'[');
        Open(false)
    }

    fn element(&mut self, list: &mut Open, item: impl FnOnce(&mut Self) -> Faulty<()>) -> Faulty<()> {
        self.comma(list);
        item(self)
    }

    fn close_list(&mut self, _list: Open) {
        self.0.push(b']');
    }
}
