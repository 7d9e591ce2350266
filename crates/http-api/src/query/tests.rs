//! What is refused, how it is named, and that nothing panics.

use proptest::prelude::*;

use super::*;

fn errors(query: QueryParams) -> Vec<(String, &'static str)> {
    match query.finish() {
        Ok(()) => Vec::new(),
        Err(ApiError::InvalidQuery { errors }) => errors
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn good_parameters_are_read() {
    let mut query = QueryParams::parse(
        "limit=7&id_client=1&id_client=2&archive=true&state=failed&name=%D0%98+x\
         &created_from=1767225600&created_to=2026-01-01T03:00:01.5%2B03:00",
    );
    let page = query.page();
    assert_eq!((page.limit, page.before_id), (7, None));
    assert_eq!(query.ids("id_client"), [1, 2]);
    assert_eq!(query.boolean("archive"), Some(true));
    assert_eq!(query.any_of("state", &[("failed", 'f')]), ['f']);
    assert_eq!(query.text("name").as_deref(), Some("И x"));
    assert_eq!(
        query.time_range("created"),
        TimeRange {
            from_micros: Some(1_767_225_600_000_000),
            to_micros: Some(1_767_225_601_500_000),
        }
    );
    assert_eq!(query.integer("after", 0), None);
    assert_eq!(errors(query), []);
}

#[test]
fn a_list_has_fifty_items_unless_asked() {
    assert_eq!(QueryParams::parse("").page().limit, 50);
    for (bad, code) in [
        ("limit=0", "out_of_range"),
        ("limit=201", "out_of_range"),
        ("limit=x", "out_of_range"),
        ("limit=", "out_of_range"),
        ("limit=1&limit=2", "repeated"),
    ] {
        let mut query = QueryParams::parse(bad);
        query.page();
        assert_eq!(errors(query), [("limit".to_owned(), code)], "{bad}");
    }
}

#[test]
fn every_error_is_reported_in_one_answer() {
    let mut query = QueryParams::parse(
        "id=0&ids=1&ids=x&archive=yes&state=lost&at=yesterday&text=%00&cursor=forged\
         &created_from=5&created_to=4&id_clinet=3",
    );
    query.id("id");
    query.ids("ids");
    query.boolean("archive");
    query.one_of("state", &[("failed", ())]);
    query.time_micros("at");
    query.text("text");
    query.page();
    query.time_range("created");
    query.ids("id_client");
    assert_eq!(
        errors(query),
        [
            ("id", "invalid"),
            ("ids", "invalid"),
            ("archive", "invalid"),
            ("state", "unknown_value"),
            ("at", "invalid"),
            ("text", "nul_character"),
            ("cursor", "invalid"),
            ("created_to", "out_of_range"),
            ("id_clinet", "unknown_parameter"),
        ]
        .map(|(name, code)| (name.to_owned(), code))
    );
}

#[test]
fn an_unknown_parameter_is_named_with_the_known_ones() {
    let mut query = QueryParams::parse("id_clinet=3");
    query.ids("id_client");
    query.ids("id_status");
    let Err(ApiError::InvalidQuery { errors }) = query.finish() else {
        panic!("an unknown parameter was taken");
    };
    assert_eq!(
        errors[0].message,
        "There is no such parameter; did you mean \"id_client\"? (known are id_client, id_status)"
    );
}

#[test]
fn an_unescaped_plus_in_an_offset_is_understood() {
    for text in [
        "at=2026-01-01T03:00:00+03:00",
        "at=2026-01-01T03:00:00%2B03:00",
        "at=2026-01-01T00:00:00Z",
        "at=1767225600",
    ] {
        let mut query = QueryParams::parse(text);
        assert_eq!(
            query.time_micros("at"),
            Some(1_767_225_600_000_000),
            "{text}"
        );
        assert_eq!(errors(query), []);
    }
}

#[test]
fn times_beyond_reach_are_refused() {
    for text in [
        "at=9223372036854775807",
        "at=-9223372036854775808",
        "at=9999-99-99T00:00:00Z",
        "at= ",
        "at=T ",
    ] {
        let mut query = QueryParams::parse(text);
        assert_eq!(query.time_micros("at"), None, "{text}");
        assert_eq!(errors(query), [("at".to_owned(), "invalid")], "{text}");
    }
}

#[test]
fn too_many_repeats_are_refused() {
    let text = "id=1&".repeat(101);
    let mut query = QueryParams::parse(&text);
    assert_eq!(query.ids("id"), Vec::<i64>::new());
    assert_eq!(errors(query), [("id".to_owned(), "too_many")]);
}

proptest! {
    #[test]
    fn no_query_makes_a_getter_panic(text in any::<String>(), value in any::<String>()) {
        let mut query = QueryParams::parse(&text);
        query.page();
        let escaped: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        for name in ["limit", "cursor", "id", "time", "bool", "name", "text_from"] {
            let mut query = QueryParams::parse(&format!("{name}={escaped}"));
            let page = query.page();
            prop_assert!((1..=200).contains(&page.limit));
            query.ids("id");
            query.time_micros("time");
            query.boolean("bool");
            query.one_of("name", &[("a", ())]);
            query.time_range("text");
            let _ = query.finish();
        }
    }
}
