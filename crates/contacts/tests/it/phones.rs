//! Phones as they are written in the wild (WIRE 2, with all its vectors).

use contacts::{Phone, Region};

#[track_caller]
fn assert_e164(raw: &str, e164: &str) {
    let phone = Phone::parse(raw, Region::RUSSIA).unwrap();
    assert_eq!(phone.e164(), Some(e164), "{raw}");
    assert_eq!(phone.digits(), &e164[1..], "{raw}");
    assert_eq!(phone.raw(), raw.trim());
}

#[track_caller]
fn assert_not_comparable(raw: &str, digits: &str) {
    let phone = Phone::parse(raw, Region::RUSSIA).unwrap();
    assert_eq!(phone.e164(), None, "{raw}");
    assert_eq!(phone.digits(), digits, "{raw}");
}

#[test]
fn the_vectors_of_the_contract() {
    assert_e164("88005553535", "+78005553535");
    assert_e164("+78005553535", "+78005553535");
    assert_e164("+78123159883", "+78123159883");
    assert_e164("8 (812) 315-98-83", "+78123159883");
    assert_e164("79998888888", "+79998888888");
    assert_e164("9998888888", "+79998888888");
    assert_e164("+375800111111", "+375800111111");
    assert_e164("+77011234567", "+77011234567");
    assert_e164("+998901234567", "+998901234567");
}

#[test]
fn eleven_digits_from_7_or_8_are_russian() {
    for raw in [
        "+7 999 888-88-88",
        "7 (999) 888 88 88",
        "8-999-888-88-88",
        " 8.999.888.88.88 ",
        "(+7)9998888888",
        "tel:+7-999-888-88-88",
        "８（９９９）８８８－８８－８８",
    ] {
        assert_e164(raw, "+79998888888");
    }
    assert_e164("87011234567", "+77011234567");
    assert_e164("78123159883", "+78123159883");
}

#[test]
fn ten_digits_are_russian_if_they_begin_so() {
    assert_e164("3432157171", "+73432157171");
    assert_e164("495 123-45-67", "+74951234567");
    assert_e164("812 315 98 83", "+78123159883");
    assert_e164("8005553535", "+78005553535");
    assert_not_comparable("1234567890", "1234567890");
    assert_not_comparable("2025550173", "2025550173");
    assert_not_comparable("5551234567", "5551234567");
}

#[test]
fn exit_codes_stand_for_plus() {
    assert_e164("00375291234567", "+375291234567");
    assert_e164("8 10 375 29 123-45-67", "+375291234567");
    assert_e164("810998901234567", "+998901234567");
    assert_e164("0079998888888", "+79998888888");
    assert_e164("8~10 44 20 7183 8750", "+442071838750");
    assert_not_comparable("001234", "001234");
    assert_not_comparable("8101234", "8101234");
}

#[test]
fn other_countries_need_their_code() {
    assert_e164("+1 202 555 0173", "+12025550173");
    assert_e164("+44 (0)20 7183 8750", "+442071838750");
    assert_e164("375291234567", "+375291234567");
    assert_e164("380501234567", "+380501234567");
    assert_e164("998901234567", "+998901234567");
    assert_not_comparable("+999123456", "999123456");
    assert_not_comparable("+712345", "712345");
    // Indonesia's plan has longer numbers than E.164 allows.
    assert_not_comparable("+6210000000000000", "6210000000000000");
}

#[test]
fn a_plus_before_the_trunk_prefix_is_a_slip() {
    assert_e164("+8 (999) 888-88-88", "+79998888888");
    assert_e164("+8 800 555-35-35", "+78005553535");
    assert_e164("+7 8 (999) 888-88-88", "+79998888888");
}

#[test]
fn extensions_and_further_phones_do_not_count() {
    for raw in [
        "8 (812) 315-98-83 доб. 12",
        "+7 812 315-98-83 вн. 400",
        "+7 812 3159883 ext 5",
        "88123159883#12",
        "88123159883x12",
        "8 (812) 315-98-83, 8 999 888-88-88",
        "8 (812) 315-98-83/84",
        "+78123159883; +79998888888",
        "8123159883 или 9998888888",
    ] {
        let phone = Phone::parse(raw, Region::RUSSIA).unwrap();
        assert_eq!(phone.e164(), Some("+78123159883"), "{raw}");
        assert_eq!(phone.raw(), raw);
    }
}

#[test]
fn five_to_twenty_digits_are_a_phone() {
    assert_not_comparable("12345", "12345");
    assert_not_comparable("315-98-83", "3159883");
    assert_not_comparable("11111111111111111111", "11111111111111111111");
    for raw in ["", " ", "нет", "1234", "123456789012345678901", "+", "---"] {
        assert_eq!(Phone::parse(raw, Region::RUSSIA), None, "{raw}");
    }
}

#[test]
fn another_region_has_its_own_rules() {
    let parse = |raw: &str, region: &str| {
        let phone = Phone::parse(raw, Region::parse(region).unwrap()).unwrap();
        phone.e164().map(str::to_owned)
    };
    assert_eq!(parse("8 701 123 45 67", "KZ").unwrap(), "+77011234567");
    assert_eq!(parse("029 123 45 67", "BY").unwrap(), "+375291234567");
    assert_eq!(parse("8 029 123-45-67", "BY").unwrap(), "+375291234567");
    assert_eq!(parse("020 7183 8750", "GB").unwrap(), "+442071838750");
    assert_eq!(parse("+7 999 888 88 88", "GB").unwrap(), "+79998888888");
    assert_eq!(parse("0079998888888", "GB").unwrap(), "+79998888888");
    assert_eq!(parse("9998888888", "GB"), None);
}
