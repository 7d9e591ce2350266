//! How a row compares (WIRE 3).

use crate::domain::field::{Field, FieldKind};

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    /// The same value.
    Equal,
    /// Another value.
    NotEqual,
    /// More than it.
    Greater,
    /// At least it.
    GreaterOrEqual,
    /// Less than it.
    Less,
    /// At most it.
    LessOrEqual,
    /// One of several values; for tags: has one of them.
    In,
    /// The text is part of it; for tags: has this one.
    Contains,
    /// It begins with the text.
    StartsWith,
    /// Nothing is set, or an empty text.
    Empty,
    /// Something is set.
    NotEmpty,
    /// An edit changed it.
    Changed,
    /// An edit changed it, and now it is the same.
    ChangedTo,
}

use Operator::{
    Changed, ChangedTo, Contains, Empty, Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual,
    NotEmpty, NotEqual, StartsWith,
};

impl Operator {
    /// In the order of WIRE 3.
    pub(crate) const ALL: [Self; 13] = [
        Equal,
        NotEqual,
        Greater,
        GreaterOrEqual,
        Less,
        LessOrEqual,
        In,
        Contains,
        StartsWith,
        Empty,
        NotEmpty,
        Changed,
        ChangedTo,
    ];

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Equal => "equal",
            NotEqual => "not_equal",
            Greater => "greater",
            GreaterOrEqual => "greater_or_equal",
            Less => "less",
            LessOrEqual => "less_or_equal",
            In => "in",
            Contains => "contains",
            StartsWith => "starts_with",
            Empty => "empty",
            NotEmpty => "not_empty",
            Changed => "changed",
            ChangedTo => "changed_to",
        }
    }

    /// From the wire name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operator| operator.as_str() == name)
    }

    /// Whether it compares with a value at all.
    pub(super) fn takes_value(self) -> bool {
        !matches!(self, Empty | NotEmpty | Changed)
    }

    /// Whether it asks what an edit did.
    pub(crate) fn is_about_edits(self) -> bool {
        matches!(self, Changed | ChangedTo)
    }

    /// Whether it makes sense of a field.
    pub(super) fn fits(self, field: &Field) -> bool {
        self.fits_kind(field.kind()) && (field.can_change() || !self.is_about_edits())
    }

    fn fits_kind(self, kind: FieldKind) -> bool {
        let is_order = matches!(self, Greater | GreaterOrEqual | Less | LessOrEqual);
        let is_part = matches!(self, Contains | StartsWith);
        match kind {
            FieldKind::Any => true,
            FieldKind::Text => !is_order,
            FieldKind::Color => !is_order && !is_part,
            FieldKind::Choice(_) => {
                matches!(self, Equal | NotEqual | In | Changed | ChangedTo)
            }
            FieldKind::Integer | FieldKind::Price => !is_part,
            FieldKind::Flag => matches!(self, Equal | NotEqual | Changed | ChangedTo),
            FieldKind::Tags => !is_order && self != StartsWith,
            FieldKind::Group => self == Changed,
        }
    }
}
