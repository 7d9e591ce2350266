//! What each preset's sender sends, and what it is answered.

use super::super::names;
use super::*;
use crate::preset::PRESETS;

#[test]
fn tilda_with_cookies_and_a_cart() {
    let body = "Name=%D0%98%D0%B2%D0%B0%D0%BD&Phone=%2B7+%28999%29+888-88-88&Email=a%40b.ru&Checkbox=yes\
        &tranid=467251%3A8442970&formid=form42&formname=Cart\
        &payment%5Borderid%5D=1600&payment%5Bamount%5D=1990.5&payment%5Bproducts%5D%5B0%5D%5Bname%5D=%D0%A7%D0%B0%D0%B9\
        &payment%5Bproducts%5D%5B0%5D%5Boptions%5D%5B0%5D%5Bvariant%5D=L\
        &COOKIES=_ga%3DGA1.2.3%3B+TILDAUTM%3Dutm_source%253Dyandex%257C%257C%257Cutm_campaign%253D%2525D0%2525AF%257C%257C%257C%3B+_ym_uid%3D16%3B+roistat_visit%3D77";
    let read = lead(read(&source("tilda"), FORM, "", body));
    let expected = json!({"name": "Иван", "phone": "79998888888", "email": "a@b.ru",
        "remoteId": "467251:8442970", "cost": 1991, "utmSource": "yandex", "utmCampaign": "Я",
        "ymClientId": "16", "roistatId": "77",
        "extra": {"Checkbox": "yes", "formid": "form42", "formname": "Cart",
            "payment": {"orderid": "1600", "products": [{"name": "Чай", "options": [{"variant": "L"}]}]},
            "COOKIES": "_ga=GA1.2.3; TILDAUTM=utm_source%3Dyandex%7C%7C%7Cutm_campaign%3D%25D0%25AF%7C%7C%7C; _ym_uid=16; roistat_visit=77"}});
    assert_eq!(read, expected);
}

#[test]
fn marks_that_are_sent_win_over_those_of_tildas_cookie() {
    let body = "phone=79998888888&utm_source=direct&COOKIES=TILDAUTM%3Dutm_source%253Dya%257C%257C%257Cutm_term%253Dx";
    let read = lead(read(&source("webhook"), FORM, "", body));
    assert_eq!(read["utmSource"], "direct");
    assert_eq!(read["utmTerm"], "x");
}

#[test]
fn google_ads() {
    let body = r#"{"lead_id":"TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZ","user_column_data":[
        {"column_name":"User Email","string_value":"test@example.com","column_id":"EMAIL"},
        {"column_name":"First Name","string_value":"Анна","column_id":"FIRST_NAME"},
        {"column_name":"Last Name","string_value":"Ли","column_id":"LAST_NAME"},
        {"column_name":"User Phone","string_value":"+16505550123","column_id":"PHONE_NUMBER"},
        {"column_name":"City","string_value":"Тверь","column_id":"CITY"}],
        "api_version":"1.0","form_id":40000000000,"campaign_id":123456789012345678901,
        "google_key":"s3cret","is_test":false,"gcl_id":"EAIaIQ","adgroup_id":20000000000,
        "echo":{"google_key":"s3cret","kept":"yes"}}"#;
    let expected = json!({"name": "Анна Ли", "phone": "16505550123", "email": "test@example.com",
        "remoteId": "TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "gclid": "EAIaIQ",
        "extra": {"user_column_data": [
            {"column_name": "User Email", "column_id": "EMAIL"},
            {"column_name": "First Name", "column_id": "FIRST_NAME"},
            {"column_name": "Last Name", "column_id": "LAST_NAME"},
            {"column_name": "User Phone", "column_id": "PHONE_NUMBER"},
            {"column_name": "City", "string_value": "Тверь", "column_id": "CITY"}],
            "api_version": "1.0", "form_id": 40_000_000_000_i64,
            "campaign_id": "123456789012345678901", "is_test": false,
            "adgroup_id": 20_000_000_000_i64, "echo": {"kept": "yes"}}});
    assert_eq!(lead(read(&source("google_ads"), JSON, "", body)), expected);
    let test = body.replace("\"is_test\":false", "\"is_test\":true");
    assert_eq!(read(&source("google_ads"), JSON, "", test), Reading::Test);
}

#[test]
fn marquiz() {
    let body = r#"{"contacts":{"name":"Иван","email":"a@b.ru","phone":"+79998888888"},
        "answers":[{"q":"Площадь?","a":"50"}],"quiz":{"id":"6","name":"Ремонт"},"created":"2026-01-01",
        "extra":{"utm":{"source":"vk","medium":"cpc","name":"camp"},
        "cookies":{"roistat_visit":"123","_ym_uid":"16"},"href":"https://s.ru/?utm_term=q&utm_source=no"}}"#;
    let expected = json!({"name": "Иван", "phone": "79998888888", "email": "a@b.ru",
        "utmSource": "vk", "utmMedium": "cpc", "utmCampaign": "camp", "utmTerm": "q",
        "ymClientId": "16", "roistatId": "123",
        "extra": {"answers": [{"q": "Площадь?", "a": "50"}], "quiz": {"id": "6", "name": "Ремонт"},
            "created": "2026-01-01", "extra": {"href": "https://s.ru/?utm_term=q&utm_source=no"}}});
    assert_eq!(lead(read(&source("marquiz"), JSON, "", body)), expected);
}

#[test]
fn jivo() {
    let body = r#"{"event_name":"offline_message","chat_id":4398,"widget_id":"2853",
        "visitor":{"name":"Иван","email":"a@b.ru","phone":"+79998888888","number":"2746"},
        "agent":{"name":"Оператор","phone":"+74950000000"},
        "session":{"utm_json":{"source":"google","medium":"cpc","campaign":"c","content":"b","term":"t"},
        "ip_addr":"208.80.152.201"},"page":{"url":"http://s.ru/?gclid=9","title":"Главная"}}"#;
    let expected = json!({"name": "Иван", "phone": "79998888888", "email": "a@b.ru",
        "remoteId": 4398, "utmSource": "google", "utmMedium": "cpc", "utmCampaign": "c",
        "utmContent": "b", "utmTerm": "t", "gclid": "9", "ip": "208.80.152.201",
        "extra": {"event_name": "offline_message", "widget_id": "2853", "visitor": {"number": "2746"},
            "agent": {"name": "Оператор", "phone": "+74950000000"},
            "page": {"url": "http://s.ru/?gclid=9", "title": "Главная"}}});
    assert_eq!(lead(read(&source("jivo"), JSON, "", body)), expected);
}

#[test]
fn only_what_ends_a_chat_of_jivo_makes_a_lead() {
    let source = source("jivo");
    let event = |name: &str, visitor: &str| {
        let body = format!(
            r#"{{"event_name":"{name}","chat_id":1,"visitor":{visitor},
            "agent":{{"name":"Оператор","email":"o@b.ru","phone":"+74950000000"}}}}"#
        );
        read(&source, JSON, "", body)
    };
    let visitor = r#"{"email":"a@b.ru","phone":"79998888888"}"#;
    for name in ["chat_finished", "offline_message", "call_event"] {
        let read = lead(event(name, visitor));
        assert_eq!(read["phone"], "79998888888", "{name}");
        assert_eq!(read["email"], "a@b.ru");
        // A chat that the visitor left no contact in.
        for visitor in [r#"{"name":"Иван"}"#, r#"{"phone":"нет"}"#] {
            let reading = event(name, visitor);
            assert!(matches!(reading, Reading::Ignored(_)), "{reading:?}");
        }
    }
    for name in ["chat_accepted", "chat_updated", "chat_assigned", "new"] {
        for visitor in [visitor, "{}"] {
            let reading = event(name, visitor);
            assert!(matches!(reading, Reading::Ignored(_)), "{reading:?}");
        }
    }
    let nameless = read(&source, JSON, "", r#"{"visitor":{"phone":"79998888888"}}"#);
    assert_eq!(lead(nameless), json!({"phone": "79998888888"}));
}

#[test]
fn roistat_by_get() {
    let query = "id=90&visit=12852&title=%D0%97%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA&text=&name=%D0%98%D0%B2%D0%B0%D0%BD\
        &phone=79998888888&email=&created_date=2026-01-01+09%3A12%3A54\
        &data=%7B%22page%22%3A%22http%3A%2F%2Fs.ru%2F%3Futm_source%3Dya%22%2C%22email%22%3A%22a%40b.ru%22%7D";
    let expected = json!({"name": "Иван", "phone": "79998888888", "email": "a@b.ru",
        "remoteId": 90, "utmSource": "ya", "roistatId": "12852",
        "extra": {"title": "Звонок", "created_date": "2026-01-01 09:12:54",
            "data": "{\"page\":\"http://s.ru/?utm_source=ya\",\"email\":\"a@b.ru\"}"}});
    assert_eq!(lead(read(&source("roistat"), "", query, "")), expected);
    // The words are those of a call tracker, and of nobody else.
    let elsewhere = lead(read(&source("webhook"), "", query, ""));
    assert_eq!(elsewhere["extra"]["visit"], "12852");
    assert_eq!(elsewhere["remoteId"], Value::Null);
}

#[test]
fn calltouch_by_get_and_post() {
    let sent = "callphase=callcompleted&id=555&callerphone=79998888888&phonenumber=78000000000\
        &duration=61&utm_source=ya&yaclientid=16&url=https%3A%2F%2Fs.ru%2F%3Futm_term%3Dq";
    let expected = json!({"phone": "79998888888", "remoteId": 555, "utmSource": "ya",
        "utmTerm": "q", "ymClientId": "16",
        "extra": {"callphase": "callcompleted", "phonenumber": "78000000000", "duration": "61",
            "url": "https://s.ru/?utm_term=q"}});
    assert_eq!(lead(read(&source("calltouch"), "", sent, "")), expected);
    assert_eq!(lead(read(&source("calltouch"), FORM, "", sent)), expected);
}

#[test]
fn a_call_without_its_callers_number_is_no_lead() {
    let source = source("calltouch");
    for caller in ["Anonymous", "", "+"] {
        let query = format!("id=5&callerphone={caller}&phonenumber=78000000000");
        let reading = read(&source, "", &query, "");
        assert!(matches!(reading, Reading::Ignored(_)), "{reading:?}");
        let nested = format!("call[callerphone]={caller}&call[phonenumber]=78000000000");
        let reading = read(&source, FORM, "", nested);
        assert!(matches!(reading, Reading::Ignored(_)), "{reading:?}");
    }
    assert_eq!(read(&source, FORM, "", "test=test"), Reading::Test);
    // With everybody else it is a phone.
    let elsewhere = lead(read(
        &self::source("webhook"),
        FORM,
        "",
        "phonenumber=78005553535",
    ));
    assert_eq!(elsewhere["phone"], "78005553535");
}

#[test]
fn what_presets_compare_by_is_spelled_so() {
    for preset in &PRESETS {
        for name in preset.foreign_names {
            assert_eq!(names::fold(name), *name);
            assert!(names::known(name).is_some(), "{name} is no alias anyway");
        }
        for name in preset.events.iter().flat_map(|events| events.taken) {
            assert_eq!(name.to_lowercase(), *name);
        }
    }
}

#[test]
fn albato() {
    let body =
        r#"{"name":"Иван","phone":"89998888888","lead_id":77,"utm_source":"vk","Бюджет":"15 000"}"#;
    let expected = json!({"name": "Иван", "phone": "79998888888", "remoteId": 77,
        "utmSource": "vk", "cost": 15_000});
    assert_eq!(lead(read(&source("albato"), JSON, "", body)), expected);
}

#[test]
fn probes_are_no_leads() {
    for preset in ["webhook", "tilda", "roistat"] {
        let source = source(preset);
        assert_eq!(read(&source, FORM, "", "test=test"), Reading::Test);
        assert_eq!(read(&source, JSON, "", r#"{"test":"test"}"#), Reading::Test);
        assert_eq!(read(&source, "", "test=test", ""), Reading::Test);
        let marked = r#"{"is_test":true,"phone":79998888888}"#;
        assert_eq!(read(&source, JSON, "", marked), Reading::Test);
        let meant = lead(read(&source, FORM, "", "test=test&phone=79998888888"));
        assert_eq!(meant["phone"], "79998888888");
    }
}

#[test]
fn a_honeypot_that_is_filled_in_is_spam() {
    let body = "phone=79998888888&confirm_website=http%3A%2F%2Fspam";
    assert_eq!(read(&source("tilda"), FORM, "", body), Reading::Spam);
    assert!(matches!(
        read(&source("webhook"), FORM, "", body),
        Reading::Lead(_)
    ));
    let blank = "phone=79998888888&confirm_website=+";
    assert!(matches!(
        read(&source("tilda"), FORM, "", blank),
        Reading::Lead(_)
    ));
    for (honeypot, is_spam) in [("fax", true), ("", false)] {
        let settings = SourceSettings {
            honeypot: Some(honeypot.to_owned()),
            ..SourceSettings::default()
        };
        let body = "phone=79998888888&confirm_website=x&fax=1";
        let reading = read(&source_with("tilda", settings), FORM, "", body);
        assert_eq!(reading == Reading::Spam, is_spam);
    }
}
