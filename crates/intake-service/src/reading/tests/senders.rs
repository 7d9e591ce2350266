//! Senders that no preset is needed for.

use super::*;

#[test]
fn the_example_of_s1() {
    let body =
        r#"{ "name": "test", "phone": 79998888888, "email": "fff@mail.ru", "userIdOwner": 1 }"#;
    let expected =
        json!({"name": "test", "phone": "79998888888", "email": "fff@mail.ru", "userIdOwner": 1});
    for content_type in [JSON, "text/plain", ""] {
        let reading = read(&source("webhook"), content_type, "", body);
        assert_eq!(lead(reading), expected);
    }
}

#[test]
fn all_thirty_parameters() {
    let sent = json!({
        "name": "Иван", "phone": "88005553535", "email": "a@b.ru", "userIdOwner": 1, "sourceId": 2,
        "remoteId": 3, "locationUnitId": 4, "locationCityId": 5, "funnelStageId": 6, "cost": 7,
        "utmSource": "a", "utmMedium": "b", "utmCampaign": "c", "utmContent": "d", "utmTerm": "e",
        "utmReferrer": "f", "openstatService": "g", "openstatCampaign": "h", "openstatAd": "i",
        "openstatSource": "j", "from": "k", "yclid": "l", "ymclid": "m", "ymClientId": "n",
        "gclid": "o", "yqrid": "p", "fbclid": "q", "roistatId": "r", "referrer": "s", "ip": "t",
    });
    let reading = read(&source("webhook"), JSON, "", sent.to_string());
    let mut expected = sent;
    expected["phone"] = json!("78005553535");
    assert_eq!(lead(reading), expected);
}

#[test]
fn a_form_of_a_page() {
    let body = "%D0%98%D0%BC%D1%8F=%D0%98%D0%B2%D0%B0%D0%BD&tel=8+%28812%29+315-98-83&E-mail=a%40b.ru\
        &utm_source=yandex&comment=%D0%9F%D0%BE%D0%B7%D0%B2%D0%BE%D0%BD%D0%B8%D1%82%D0%B5&empty=";
    let expected = json!({"name": "Иван", "phone": "78123159883", "email": "a@b.ru",
        "utmSource": "yandex", "extra": {"comment": "Позвоните"}});
    assert_eq!(lead(read(&source("webhook"), FORM, "", body)), expected);
}

#[test]
fn a_form_in_windows_1251() {
    let body = b"name=%C8%E2%E0%ED&phone=79998888888&%F2%E5%EC%E0=%E7%E2%EE%ED%EE%EA";
    let expected = json!({"name": "Иван", "phone": "79998888888", "extra": {"тема": "звонок"}});
    for content_type in [
        FORM,
        "application/x-www-form-urlencoded; charset=windows-1251",
    ] {
        assert_eq!(
            lead(read(&source("webhook"), content_type, "", body)),
            expected
        );
    }
}

#[test]
fn http_build_query_of_php() {
    let body = "client%5Bname%5D=%D0%98%D0%B2%D0%B0%D0%BD&client%5Bphones%5D%5B0%5D%5Bphone%5D=%2B79998888888\
        &order%5Bsum%5D=10&order%5Bitems%5D%5B0%5D=a&order%5Bitems%5D%5B1%5D=b";
    let expected = json!({"name": "Иван", "phone": "79998888888",
        "extra": {"order": {"sum": "10", "items": ["a", "b"]}}});
    assert_eq!(lead(read(&source("webhook"), FORM, "", body)), expected);
}

#[test]
fn a_multipart_form_with_a_file() {
    let body = "--x\r\nContent-Disposition: form-data; name=\"your-name\"\r\n\r\nИван\r\n--x\r\n\
        Content-Disposition: form-data; name=\"tel-271\"\r\n\r\n+7 (999) 888-88-88\r\n--x\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"смета.pdf\"\r\n\
        Content-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n";
    let reading = read(
        &source("webhook"),
        "multipart/form-data; boundary=x",
        "",
        body,
    );
    let expected = json!({"name": "Иван", "phone": "79998888888", "extra": {"file": "смета.pdf"}});
    assert_eq!(lead(reading), expected);
}

#[test]
fn the_query_is_under_the_body() {
    let query = "sourceId=8&utm_source=url&name=%D0%A1%D0%B0%D0%B9%D1%82&phone=1234567";
    let body = r#"{"tel": "79998888888", "fio": "Иван", "utmSource": " "}"#;
    let expected = json!({"name": "Иван", "phone": "79998888888", "sourceId": 8,
        "utmSource": "url", "extra": {"name": "Сайт", "phone": "1234567"}});
    assert_eq!(lead(read(&source("webhook"), JSON, query, body)), expected);
}

#[test]
fn the_page_is_the_last_resort_for_marks() {
    let body = json!({"phone": "79998888888", "utm_medium": "email",
        "referer": "https://ya.ru/?utm_medium=cpc&utm_source=ya&yclid=5#utm_term=x"});
    let expected = json!({"phone": "79998888888", "utmSource": "ya", "utmMedium": "email",
        "yclid": "5", "referrer": "https://ya.ru/?utm_medium=cpc&utm_source=ya&yclid=5#utm_term=x"});
    assert_eq!(
        lead(read(&source("webhook"), JSON, "", body.to_string())),
        expected
    );
}
