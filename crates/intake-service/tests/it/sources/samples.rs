//! The samples work as they are copied.

use std::collections::HashMap;

use serde_json::{Value, json};
use test_support::Method;

use super::{SOURCES, path_of};
use crate::app::{Setup, TestApp};

/// The words of a command, as a POSIX shell reads single quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => quoted = !quoted,
            '\\' if !quoted => word.extend(letters.next()),
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    words.push(word);
    words
}

/// The attributes of each tag of a kind.
fn tags(html: &str, kind: &str) -> Vec<HashMap<String, String>> {
    html.split(&format!("<{kind} "))
        .skip(1)
        .map(|rest| {
            let mut attributes = HashMap::new();
            let inside = &rest[..rest.find('>').unwrap()];
            let mut parts = inside.split('"');
            while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                let name = name.trim().trim_end_matches('=');
                let value = value
                    .replace("&quot;", "\"")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&amp;", "&");
                attributes.insert(name.to_owned(), value);
            }
            attributes
        })
        .collect()
}

/// What comes of the samples of one source: posts both, returns the form's answer.
async fn post_samples(app: &TestApp, source: &Value) {
    let path = path_of(source);
    let command = words(source["samples"]["curl"].as_str().unwrap());
    run_curl(app, &command, source["url"].as_str().unwrap(), &path).await;

    let html = source["samples"]["html"].as_str().unwrap();
    let form = tags(html, "form").remove(0);
    assert_eq!(form["action"], source["url"].as_str().unwrap());
    assert_eq!(form["method"], "post");
    assert_eq!(form["accept-charset"], "utf-8");
    let mut fields = HashMap::from([("name", "Мария"), ("phone", "8 (812) 315-98-83")]);
    fields.insert("email", "maria@example.com");
    let inputs = tags(html, "input");
    let pairs: Vec<String> = inputs
        .iter()
        .map(|input| {
            let name = input["name"].as_str();
            let value = fields.remove(name).unwrap_or_else(|| &input["value"]);
            format!("{}={}", escaped(name), escaped(value))
        })
        .collect();
    assert!(fields.is_empty(), "the form has a field for each: {html}");
    let honeypot = source["honeypot"].as_str().unwrap();
    let has_trap = inputs.iter().any(|input| input["name"] == honeypot);
    assert_eq!(has_trap, !honeypot.is_empty());
    let form_type = [("content-type", "application/x-www-form-urlencoded")];
    let answer = app
        .send(Method::POST, &path, &form_type, pairs.join("&"))
        .await;
    assert!(answer.status.is_success(), "{:?}", answer.body);

    let found = app
        .api
        .get(&format!("/api/v1/leads?intakeSourceId={}", source["id"]))
        .await
        .expect(200)
        .json();
    let [of_form, of_curl] = found["items"].as_array().unwrap().as_slice() else {
        panic!("two leads: {found:#}");
    };
    assert_eq!(of_form["name"], "Мария");
    assert_eq!(of_form["phone"], "78123159883");
    assert_eq!(of_form["email"], "maria@example.com");
    assert_eq!(of_curl["phone"], "79998888888");
    assert_eq!(of_curl["warnings"], json!([]));
    // A call tracker knows a number and no name.
    if source["type"] != "calltouch" {
        assert_eq!(of_curl["name"], "Иван");
        assert_eq!(of_curl["email"], "ivan@example.com");
    }
}

/// Sends what curl would send.
async fn run_curl(app: &TestApp, command: &[String], url: &str, path: &str) {
    let options = |name: &str| -> Vec<&str> {
        let pairs = command.windows(2).filter(|pair| pair[0] == name);
        pairs.map(|pair| pair[1].as_str()).collect()
    };
    assert_eq!(command[..2], ["curl", "-i"]);
    let target = command.iter().find(|word| word.starts_with(url)).unwrap();
    let path = format!("{path}{}", &target[url.len()..]);
    let fields: Vec<String> = options("--data-urlencode")
        .iter()
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    let answer = if let [body] = options("-d")[..] {
        let (name, value) = options("-H")[0].split_once(": ").unwrap();
        let headers = [(name, value)];
        app.send(Method::POST, &path, &headers, body.to_owned())
            .await
    } else if fields.is_empty() {
        assert!(options("-X").is_empty());
        app.send(Method::GET, &path, &[], "").await
    } else {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        app.send(Method::POST, &path, &headers, fields.join("&"))
            .await
    };
    assert!(answer.status.is_success(), "{:?}", answer.body);
}

fn escaped(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_of_every_type_make_leads() {
    let app = TestApp::start().await;
    for preset in [
        "webhook",
        "tilda",
        "google_ads",
        "marquiz",
        "jivo",
        "roistat",
        "calltouch",
        "albato",
    ] {
        let body = json!({"type": preset, "name": preset});
        let source = app.api.post(SOURCES, body).await.expect(201).json();
        post_samples(&app, &source).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_of_a_tracker_that_may_not_get_post() {
    let app = TestApp::start().await;
    let body = json!({"type": "roistat", "name": "a", "accept_get": false});
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    let curl = source["samples"]["curl"].as_str().unwrap();
    assert!(curl.starts_with("curl -i -X POST "), "{curl}");
    post_samples(&app, &source).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn samples_bear_odd_names() {
    let app = TestApp::start().await;
    let body = json!({"type": "webhook", "name": "a", "honeypot": "a\"><b c='&d"});
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    post_samples(&app, &source).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn urls_begin_as_the_operator_says_or_as_the_service_is_called() {
    let app = TestApp::start().await;
    let body = json!({"type": "webhook", "name": "a"});
    let url = |answer: test_support::ApiAnswer| {
        let source = answer.expect(201).json();
        let url = source["url"].as_str().unwrap().to_owned();
        url.split("/in/").next().unwrap().to_owned()
    };
    for (host, begins) in [
        ("in.example.com:8082", "http://in.example.com:8082"),
        ("[::1]:80", "http://[::1]:80"),
        ("a'b", "http://localhost"),
    ] {
        // Nobody has set who is believed.
        let headers = [("host", host), ("x-forwarded-host", "evil.example")];
        let made = app
            .api
            .send(Method::POST, SOURCES, &headers, Some(&body))
            .await;
        assert_eq!(url(made.unwrap()), begins);
    }

    let mut setup = Setup::new().await;
    setup.config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::start_on(setup.clone()).await;
    let headers = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "crm.example.com"),
    ];
    let made = app
        .api
        .send(Method::POST, SOURCES, &headers, Some(&body))
        .await;
    assert_eq!(url(made.unwrap()), "https://crm.example.com");

    let mut setup = Setup::new().await;
    setup.config.public_url = Some("https://in.example.com/".to_owned());
    let app = TestApp::start_on(setup).await;
    let made = app
        .api
        .send(Method::POST, SOURCES, &headers, Some(&body))
        .await;
    assert_eq!(url(made.unwrap()), "https://in.example.com");
}
