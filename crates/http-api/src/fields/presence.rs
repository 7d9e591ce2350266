//! Absent, null and given are three things in a merge patch.

/// What a body says about a field (RFC 7396: absent keeps, null clears, a value sets).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence<T> {
    /// The field was not sent, or what was sent is wrong and recorded as an error.
    #[default]
    Absent,
    /// The field was sent as null.
    Null,
    /// The field was sent with a value.
    Value(T),
}

impl<T> Presence<T> {
    /// The value, if one was sent.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value; absent and null become `default`.
    pub fn unwrap_or(self, default: T) -> T {
        self.value().unwrap_or(default)
    }

    /// The value; absent and null become the type's default.
    pub fn unwrap_or_default(self) -> T
    where
        T: Default,
    {
        self.value().unwrap_or_default()
    }

    /// Whether the field was sent at all, null included.
    pub fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Applies `change` to a value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Presence<U> {
        match self {
            Self::Absent => Presence::Absent,
            Self::Null => Presence::Null,
            Self::Value(value) => Presence::Value(change(value)),
        }
    }

    /// Merges into a field that cannot be null: absent keeps it, null resets it to `default`.
    pub fn merge_into(self, target: &mut T, default: T) {
        match self {
            Self::Absent => {}
            Self::Null => *target = default,
            Self::Value(value) => *target = value,
        }
    }

    /// Merges into a field that can be null: absent keeps it, null clears it.
    pub fn merge_into_option(self, target: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *target = None,
            Self::Value(value) => *target = Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_tells_absent_from_null() {
        let mut text = "old".to_owned();
        Presence::Absent.merge_into(&mut text, String::new());
        assert_eq!(text, "old");
        Presence::Value("new".to_owned()).merge_into(&mut text, String::new());
        assert_eq!(text, "new");
        Presence::Null.merge_into(&mut text, String::new());
        assert_eq!(text, "");

        let mut price = Some(5);
        Presence::Absent.merge_into_option(&mut price);
        assert_eq!(price, Some(5));
        Presence::Null.merge_into_option(&mut price);
        assert_eq!(price, None);
    }
}
