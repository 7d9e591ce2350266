//! What lists of named settings (pipelines, directory entries, custom fields)
//! can be narrowed by.

use http_api::{PageRequest, QueryParams, TimeRange};

/// Filters and page of such a list.
#[derive(Debug, Clone)]
pub(crate) struct NamedList {
    /// Exactly this name.
    pub(crate) name: Option<String>,
    /// When it was added.
    pub(crate) created: TimeRange,
    /// When it was last changed.
    pub(crate) updated: TimeRange,
    /// Which part of the list.
    pub(crate) page: PageRequest,
}

impl NamedList {
    /// Reads `name`, `created_from|to`, `updated_from|to`, `limit` and `cursor`.
    pub(crate) fn read(query: &mut QueryParams) -> Self {
        Self {
            name: query.text("name"),
            created: query.time_range("created"),
            updated: query.time_range("updated"),
            page: query.page(),
        }
    }
}

/// Narrows a boxed query on a table that has the usual columns.
macro_rules! narrow {
    ($query:expr, $table:ident, $list:expr) => {{
        let list: &$crate::store::named_list::NamedList = $list;
        let mut query = $query;
        if let Some(name) = &list.name {
            query = query.filter($table::name.eq(name.clone()));
        }
        page_of!(query, $table, list)
    }};
}
pub(crate) use narrow;
