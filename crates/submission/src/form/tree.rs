//! Names with PHP brackets, put together to a tree as PHP does with `$_POST`.

use crate::{Object, ReadError, Value};

/// Takes pairs and becomes an [`Object`].
#[derive(Debug)]
pub(crate) struct Tree {
    top: Array,
    depth: usize,
}

/// An array of PHP: ordered, its keys texts.
#[derive(Debug, Default)]
struct Array {
    entries: Vec<(String, Node)>,
    /// What `[]` gets: one above the highest number among the keys.
    next: u64,
}

/// A value, or an array once somebody used it as one.
#[derive(Debug)]
struct Node {
    value: Value,
    array: Option<Array>,
}

impl Tree {
    /// `depth`: see [`Limits`](crate::Limits).
    pub(crate) fn new(depth: usize) -> Self {
        Self {
            top: Array::default(),
            depth,
        }
    }

    /// Puts a value under `a[b][]`. A name that comes again loses nothing: a blank
    /// value gives way, one that differs goes behind the first, if the depth has
    /// room for a list.
    pub(crate) fn insert(&mut self, name: &str, value: Value) -> Result<(), ReadError> {
        let keys = split_name(name, self.depth)?;
        let may_nest = keys.len() <= self.depth;
        self.top.insert(&keys, value, may_nest);
        Ok(())
    }

    pub(crate) fn into_object(self) -> Object {
        Object::from_entries(self.top.into_entries())
    }
}

/// `a[b][]` → `a`, `b` and nothing. What follows the last bracket is dropped, as
/// PHP does; brackets that do not fit are part of the name.
fn split_name(name: &str, depth: usize) -> Result<Vec<&str>, ReadError> {
    let (first, mut rest) = match name.find('[') {
        Some(open) if open > 0 => name.split_at(open),
        _ => return Ok(vec![name]),
    };
    let mut keys = vec![first];
    while let Some((key, tail)) = rest
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
    {
        if keys.len() > depth {
            return Err(ReadError::TooDeep);
        }
        keys.push(key);
        rest = tail;
    }
    if keys.len() == 1 {
        return Ok(vec![name]);
    }
    Ok(keys)
}

impl Array {
    fn insert(&mut self, keys: &[&str], value: Value, may_nest: bool) {
        let Some((first, rest)) = keys.split_first() else {
            return;
        };
        let node = self.node(first);
        if rest.is_empty() {
            node.put(value, may_nest);
        } else {
            node.array().insert(rest, value, may_nest);
        }
    }

    /// The node under a key, made if there is none.
    fn node(&mut self, key: &str) -> &mut Node {
        let known = self.entries.iter().position(|(own, _)| own == key);
        let index = known.filter(|_| !key.is_empty()).unwrap_or_else(|| {
            let key = if key.is_empty() {
                self.next.to_string()
            } else {
                key.to_owned()
            };
            if let Some(number) = array_index(&key) {
                self.next = self.next.max(number.saturating_add(1));
            }
            self.entries.push((key, Node::blank()));
            self.entries.len() - 1
        });
        &mut self.entries[index].1
    }

    fn into_entries(self) -> Vec<(String, Value)> {
        self.entries
            .into_iter()
            .map(|(key, node)| (key, node.into_value()))
            .collect()
    }

    /// A list if the keys count from 0, as PHP's `json_encode` decides.
    fn into_value(self) -> Value {
        let counts = self
            .entries
            .iter()
            .zip(0_u64..)
            .all(|((key, _), number)| array_index(key) == Some(number));
        let entries = self.into_entries();
        if counts {
            Value::List(entries.into_iter().map(|(_, value)| value).collect())
        } else {
            Value::Object(Object::from_entries(entries))
        }
    }
}

impl Node {
    fn blank() -> Self {
        Self {
            value: Value::Text(String::new()),
            array: None,
        }
    }

    fn put(&mut self, value: Value, may_nest: bool) {
        match &mut self.array {
            None if self.value.is_blank() => self.value = value,
            _ if value.is_blank() => {}
            None if self.value == value || !may_nest => {}
            _ => self.array().node("").put(value, false),
        }
    }

    /// The array here; a value that stands here becomes its first one.
    fn array(&mut self) -> &mut Array {
        let value = std::mem::replace(&mut self.value, Value::Null);
        self.array.get_or_insert_with(|| {
            let mut array = Array::default();
            if !value.is_blank() {
                array.node("").put(value, false);
            }
            array
        })
    }

    fn into_value(self) -> Value {
        match self.array {
            Some(array) => array.into_value(),
            None => self.value,
        }
    }
}

/// A key that PHP takes for a number: digits without leading zeros.
fn array_index(key: &str) -> Option<u64> {
    let number: u64 = key.parse().ok()?;
    (number.to_string() == key).then_some(number)
}
