//! Something for each of many fields, of which an event looks at those alone that
//! its record has.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use crate::domain::field::{Field, OpenName};

/// Something by field. Names that accounts make up may be thousands and are looked
/// up one by one; the others are few, and all of them are walked.
#[derive(Debug, Clone)]
pub(super) struct ByField<T> {
    fixed: HashMap<Field, T>,
    marks: HashMap<String, T>,
    client_fields: HashMap<String, T>,
}

impl<T> Default for ByField<T> {
    fn default() -> Self {
        Self {
            fixed: HashMap::new(),
            marks: HashMap::new(),
            client_fields: HashMap::new(),
        }
    }
}

impl<T> ByField<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.fixed.is_empty() && !self.has_open()
    }

    /// Whether there is anything of a name that an account made up.
    pub(super) fn has_open(&self) -> bool {
        !self.marks.is_empty() || !self.client_fields.is_empty()
    }

    /// All of the fields that are the same in every account.
    pub(super) fn fixed(&self) -> impl Iterator<Item = (&Field, &T)> {
        self.fixed.iter()
    }

    /// What there is of a name that an account made up.
    pub(super) fn open(&self, name: OpenName<'_>) -> Option<&T> {
        match name {
            OpenName::Mark(key) => self.marks.get(key),
            OpenName::ClientField(name) => self.client_fields.get(name),
        }
    }

    /// What there is of a field; it is made if there is nothing.
    pub(super) fn entry(&mut self, field: &Field) -> &mut T
    where
        T: Default,
    {
        match field.open_name() {
            None => self.fixed.entry(field.clone()).or_default(),
            Some(OpenName::Mark(key)) => self.marks.entry(key.to_owned()).or_default(),
            Some(OpenName::ClientField(name)) => {
                self.client_fields.entry(name.to_owned()).or_default()
            }
        }
    }

    /// Lets `take_out` take from what there is of a field, and removes it if nothing
    /// is left, which `take_out` tells.
    pub(super) fn take_out_of(&mut self, field: &Field, take_out: impl FnOnce(&mut T) -> bool) {
        match field.open_name() {
            None => remove_if(&mut self.fixed, field, take_out),
            Some(OpenName::Mark(key)) => remove_if(&mut self.marks, key, take_out),
            Some(OpenName::ClientField(name)) => {
                remove_if(&mut self.client_fields, name, take_out);
            }
        }
    }
}

/// Removes what `take_out` leaves empty.
pub(super) fn remove_if<K, Q, T>(
    map: &mut HashMap<K, T>,
    key: &Q,
    take_out: impl FnOnce(&mut T) -> bool,
) where
    K: Borrow<Q> + Eq + Hash,
    Q: Eq + Hash + ?Sized,
{
    if map.get_mut(key).is_some_and(take_out) {
        map.remove(key);
    }
}
