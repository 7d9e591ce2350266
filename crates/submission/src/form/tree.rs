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

#[derive(Debug)]
enum Node {
    Leaf(Value),
    Array(Array),
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
    /// value gives way, a value that differs goes behind the first one.
    pub(crate) fn insert(&mut self, name: &str, value: Value) -> Result<(), ReadError> {
        let (first, rest) = split_name(name, self.depth)?;
        let mut array = &mut self.top;
        let mut key = first;
        for (level, next_key) in rest.into_iter().enumerate() {
            if level >= self.depth {
                return Err(ReadError::TooDeep);
            }
            array = array.array_at(key);
            key = next_key;
        }
        // A list may stand at the place of a repeated value if it is not too deep.
        let levels = split_name(name, self.depth)?.1.len();
        array.put(key, value, levels < self.depth);
        Ok(())
    }

    pub(crate) fn into_object(self) -> Object {
        Object::from_entries(self.top.into_entries())
    }
}

/// `a[b][]` → `a`, then `b` and nothing. What follows the last bracket is dropped;
/// brackets that do not fit are part of the name.
fn split_name(name: &str, depth: usize) -> Result<(&str, Vec<&str>), ReadError> {
    let Some(open) = name.find('[').filter(|&open| open > 0) else {
        return Ok((name, Vec::new()));
    };
    let (first, mut rest) = name.split_at(open);
    let mut keys = Vec::new();
    while let Some((key, tail)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        if keys.len() == depth {
            return Err(ReadError::TooDeep);
        }
        keys.push(key);
        rest = tail;
    }
    if keys.is_empty() {
        return Ok((name, keys));
    }
    Ok((first, keys))
}

impl Array {
    /// The array under a key, made if need be; a scalar that is there becomes its
    /// first value.
    fn array_at(&mut self, key: &str) -> &mut Self {
        let index = self.index_of(key);
        let node = match self.entries.get_mut(index) {
            Some((_, node)) => node,
            // `index_of` has just made it; an array of nobody otherwise.
            None => return self,
        };
        if let Node::Leaf(leaf) = node {
            let leaf = std::mem::replace(leaf, Value::Null);
            let mut array = Self::default();
            if !leaf.is_blank() {
                array.push(leaf);
            }
            *node = Node::Array(array);
        }
        match node {
            Node::Array(array) => array,
            Node::Leaf(_) => unreachable!(),
        }
    }

    fn put(&mut self, _key: &str, _value: Value, _may_nest: bool) {}
    fn push(&mut self, _value: Value) {}
    fn index_of(&mut self, _key: &str) -> usize { 0 }
    fn into_entries(self) -> Vec<(String, Value)> { Vec::new() }
}
