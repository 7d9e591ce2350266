//! Which tokens are let in, and which are not.

use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::token::{KeyPair, Scope, ScopeSet, TokenSigner, generate_keys};

const NOW_SECONDS: i64 = 1_767_225_600;

fn clock(seconds: &Arc<AtomicI64>) -> WallClock {
    let seconds = Arc::clone(seconds);
    Arc::new(move || seconds.load(Ordering::SeqCst) * 1_000_000)
}

fn setup() -> (KeyPair, TokenSigner, TokenVerifier, Arc<AtomicI64>) {
    let keys = generate_keys().unwrap();
    let now = Arc::new(AtomicI64::new(NOW_SECONDS));
    let signer = TokenSigner::new(&keys.private_pem).unwrap();
    let verifier = TokenVerifier::new(&[&keys.public_pem], clock(&now)).unwrap();
    (keys, signer, verifier, now)
}

fn claims() -> Claims {
    Claims {
        account_id: 7,
        token_id: "t-1".to_owned(),
        scopes: [Scope::RecordsWrite].into_iter().collect(),
        issued_at_seconds: NOW_SECONDS,
        expires_at_seconds: None,
    }
}

#[test]
fn a_signed_token_names_its_caller() {
    let (_, signer, verifier, _) = setup();
    let token = signer.sign(&claims()).unwrap();
    for _ in 0..2 {
        let caller = verifier.verify(&token).unwrap();
        assert_eq!(caller.account_id, 7);
        assert_eq!(caller.token_id, "t-1");
        assert!(caller.scopes.permits(Scope::RecordsRead));
        assert!(!caller.scopes.permits(Scope::AdminRead));
    }
}

#[test]
fn a_token_expires_by_the_clock_given() {
    let (_, signer, verifier, now) = setup();
    let token = signer
        .sign(&Claims {
            expires_at_seconds: Some(NOW_SECONDS + 60),
            ..claims()
        })
        .unwrap();
    verifier.verify(&token).unwrap();
    now.store(NOW_SECONDS + 59, Ordering::SeqCst);
    verifier.verify(&token).unwrap();
    now.store(NOW_SECONDS + 60, Ordering::SeqCst);
    assert_eq!(verifier.verify(&token), Err(Unauthenticated::Expired));
}

#[test]
fn a_revoked_token_is_refused_by_every_clone() {
    let (_, signer, verifier, _) = setup();
    let token = signer.sign(&claims()).unwrap();
    let clone = verifier.clone();
    clone.verify(&token).unwrap();
    verifier.revoke("t-1");
    assert_eq!(clone.verify(&token), Err(Unauthenticated::Revoked));
}

#[test]
fn a_token_of_a_foreign_key_is_refused() {
    let (_, _, verifier, now) = setup();
    let (foreign_keys, foreign, _, _) = setup();
    let token = foreign.sign(&claims()).unwrap();
    assert_eq!(verifier.verify(&token), Err(Unauthenticated::BadSignature));
    let (ours, signer, _, _) = setup();
    let both =
        TokenVerifier::new(&[ours.public_pem, foreign_keys.public_pem], clock(&now)).unwrap();
    both.verify(&token).unwrap();
    both.verify(&signer.sign(&claims()).unwrap()).unwrap();
}

#[test]
fn changed_claims_are_refused() {
    let (_, signer, verifier, _) = setup();
    let token = signer.sign(&claims()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let other = Claims {
        account_id: 8,
        ..claims()
    };
    let forged = format!(
        "{}.{}.{}",
        parts[0],
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&other).unwrap()),
        parts[2]
    );
    assert_eq!(verifier.verify(&forged), Err(Unauthenticated::BadSignature));
}

#[test]
fn other_algorithms_are_refused_whatever_signs_them() {
    let (keys, _, verifier, _) = setup();
    let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).unwrap());
    for header in [
        json!({"alg": "none", "typ": "JWT"}),
        json!({"alg": "None"}),
        json!({"typ": "JWT"}),
    ] {
        let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap());
        for token in [
            format!("{header}.{body}."),
            format!("{header}.{body}"),
            format!("{header}.{body}.AAAA"),
        ] {
            assert_eq!(verifier.verify(&token), Err(Unauthenticated::Malformed));
        }
    }
    // The classic confusion: the public key, which everybody has, used as an HMAC secret.
    for secret in [keys.public_pem.as_bytes(), b""] {
        let token = encode_hs256(secret);
        assert_eq!(verifier.verify(&token), Err(Unauthenticated::Malformed));
    }
}

fn encode_hs256(secret: &[u8]) -> String {
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims(),
        &EncodingKey::from_secret(secret),
    )
    .unwrap()
}

#[test]
fn a_token_without_account_or_id_is_refused() {
    let (keys, signer, verifier, _) = setup();
    for account_id in [0, -1] {
        let token = signer
            .sign(&Claims {
                account_id,
                ..claims()
            })
            .unwrap();
        assert_eq!(verifier.verify(&token), Err(Unauthenticated::Malformed));
    }
    let key = EncodingKey::from_ed_pem(keys.private_pem.as_bytes()).unwrap();
    let token = jsonwebtoken::encode(
        &Header::new(Algorithm::EdDSA),
        &json!({"account": 7, "scopes": [], "iat": 1}),
        &key,
    )
    .unwrap();
    assert_eq!(verifier.verify(&token), Err(Unauthenticated::Malformed));
}

#[test]
fn keys_of_the_wrong_kind_are_refused() {
    let (keys, signer, _, now) = setup();
    assert_eq!(signer.public_pem(), keys.public_pem);
    assert!(TokenSigner::new(&keys.public_pem).is_err());
    assert!(TokenSigner::new("nonsense").is_err());
    assert!(TokenVerifier::new(&[&keys.private_pem], clock(&now)).is_err());
    assert!(matches!(
        TokenVerifier::new::<&str>(&[], clock(&now)),
        Err(KeyError::NoPublicKey)
    ));
    assert!(!format!("{keys:?} {signer:?}").contains("PRIVATE"));
}

#[test]
fn keys_made_by_openssl_are_read() {
    // RFC 8410, 10.3 and 10.1: the example private key and its public key.
    let private = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";
    assert_eq!(TokenSigner::new(private).unwrap().public_pem(), public);
}

#[test]
fn the_memory_of_signatures_is_bounded() {
    let (_, signer, verifier, _) = setup();
    for n in 0..20 {
        let token = signer
            .sign(&Claims {
                token_id: format!("t-{n}"),
                scopes: ScopeSet::all(),
                ..claims()
            })
            .unwrap();
        verifier.verify(&token).unwrap();
        assert!(verifier.verify(&format!("{token}x")).is_err());
    }
    let remembered = verifier.inner.remembered.read().unwrap();
    assert_eq!(remembered.len(), 20, "bad signatures are not remembered");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), dotted in "[A-Za-z0-9_-]{0,20}(\\.[A-Za-z0-9_-]{0,20}){0,4}") {
        let keys = generate_keys().unwrap();
        let verifier = TokenVerifier::new(&[&keys.public_pem], Arc::new(|| 0)).unwrap();
        prop_assert!(verifier.verify(&text).is_err());
        prop_assert!(verifier.verify(&dotted).is_err());
    }
}
