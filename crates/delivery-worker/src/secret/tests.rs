use events::{AccountId, Timestamp};
use proptest::prelude::*;

use super::*;

const OWNER: SecretOwner = SecretOwner {
    account_id: AccountId(1),
    webhook_id: 7,
};

fn ring(current: &MasterKey, previous: &[MasterKey]) -> KeyRing {
    KeyRing::new(current, previous).unwrap()
}

#[test]
fn a_generated_secret_has_the_form_of_standard_webhooks() {
    let secret = WebhookSecret::generate().unwrap();
    let text = secret.expose();
    let bytes = STANDARD
        .decode(text.strip_prefix("whsec_").unwrap())
        .unwrap();
    assert_eq!(bytes.len(), 32);
    assert_eq!(WebhookSecret::parse(&text), Ok(secret.clone()));
    assert_ne!(WebhookSecret::generate().unwrap(), secret);
}

#[test]
fn only_24_to_64_bytes_with_the_prefix_are_a_secret() {
    let of = |length: usize| format!("whsec_{}", STANDARD.encode(vec![7; length]));
    assert!(WebhookSecret::parse(&of(24)).is_ok());
    assert!(WebhookSecret::parse(&of(64)).is_ok());
    for bad in [
        of(23),
        of(65),
        STANDARD.encode([7; 32]),
        "whsec_".to_owned(),
        "whsec_not base64".to_owned(),
        "whsk_".to_owned() + &STANDARD.encode([7; 32]),
    ] {
        assert_eq!(WebhookSecret::parse(&bad), Err(InvalidSecret), "{bad}");
    }
}

#[test]
fn a_master_key_survives_its_file() {
    let key = MasterKey::generate().unwrap();
    let again = MasterKey::parse(&format!("{}\n", key.expose())).unwrap();
    assert_eq!(again.0, key.0);
    assert!(MasterKey::parse("c2hvcnQ=").is_err());
    assert!(MasterKey::parse("").is_err());
}

#[test]
fn a_sealed_secret_opens_for_its_owner_only() {
    let ring = ring(&MasterKey::generate().unwrap(), &[]);
    let secret = WebhookSecret::generate().unwrap();
    let sealed = ring.seal(&secret, OWNER).unwrap();

    assert_eq!(ring.unseal(&sealed, OWNER), Ok(secret.clone()));
    let clear = secret.key_bytes();
    assert!(!sealed.windows(clear.len()).any(|window| window == clear));

    let other_webhook = SecretOwner {
        webhook_id: 8,
        ..OWNER
    };
    let other_account = SecretOwner {
        account_id: AccountId(2),
        ..OWNER
    };
    for thief in [other_webhook, other_account] {
        assert_eq!(ring.unseal(&sealed, thief), Err(UnsealError::Damaged));
    }
    assert_ne!(ring.seal(&secret, OWNER).unwrap(), sealed, "a fresh nonce");
}

#[test]
fn master_keys_can_be_changed() {
    let old_key = MasterKey::generate().unwrap();
    let new_key = MasterKey::generate().unwrap();
    let secret = WebhookSecret::generate().unwrap();
    let sealed = ring(&old_key, &[]).seal(&secret, OWNER).unwrap();

    let both = ring(&new_key, std::slice::from_ref(&old_key));
    assert_eq!(both.unseal(&sealed, OWNER), Ok(secret.clone()));
    assert!(!both.is_current(&sealed));

    let resealed = both.seal(&secret, OWNER).unwrap();
    assert!(both.is_current(&resealed));
    let new_only = ring(&new_key, &[]);
    assert_eq!(new_only.unseal(&resealed, OWNER), Ok(secret));
    assert_eq!(
        new_only.unseal(&sealed, OWNER),
        Err(UnsealError::UnknownKey)
    );
}

#[test]
fn nothing_secret_is_printed() {
    let secret = WebhookSecret::generate().unwrap();
    let key = MasterKey::generate().unwrap();
    assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
    assert_eq!(format!("{key:?}"), "MasterKey(…)");
    assert!(!format!("{:?}", ring(&key, &[])).contains(&key.expose()));
}

#[test]
fn a_signing_key_opens_as_nothing_else() {
    let ring = ring(&MasterKey::generate().unwrap(), &[]);
    let key = SigningKey::generate().unwrap();
    let sealed = ring.seal_signing_key(&key, OWNER).unwrap();
    assert_eq!(ring.unseal_signing_key(&sealed, OWNER), Ok(key.clone()));
    assert_eq!(ring.unseal(&sealed, OWNER), Err(UnsealError::Damaged));
    assert_eq!(format!("{key:?}"), "SigningKey(…)");

    let secret = WebhookSecret::generate().unwrap();
    let sealed = ring.seal(&secret, OWNER).unwrap();
    let opened = ring.unseal_signing_key(&sealed, OWNER);
    assert_eq!(opened, Err(UnsealError::Damaged));
}

/// Keys of which everything is there that can be: a pair, and a secret from before
/// with a pair of its own.
fn all_keys(ring: &KeyRing, until_us: i64) -> SealedKeys {
    let secret = || WebhookSecret::generate().unwrap();
    let old = SealedKeys::of_new(ring, OWNER, &secret(), true).unwrap();
    let mut keys = SealedKeys::of_new(ring, OWNER, &secret(), true).unwrap();
    keys.previous.push(PreviousKeys {
        secret: old.secret,
        pair: old.pair,
        until_us,
    });
    keys
}

#[test]
fn all_keys_are_sealed_anew_together() {
    let (old_key, new_key) = (
        MasterKey::generate().unwrap(),
        MasterKey::generate().unwrap(),
    );
    let keys = all_keys(&ring(&old_key, &[]), 10);
    let both = ring(&new_key, std::slice::from_ref(&old_key));
    let now = Timestamp(9);
    let resealed = keys.resealed(&both, OWNER, now).unwrap().unwrap();
    assert_eq!(resealed.public_keys(), keys.public_keys());
    let new_only = ring(&new_key, &[]);
    assert_eq!(resealed.resealed(&new_only, OWNER, now).unwrap(), None);
    let opened = |ring: &KeyRing, keys: &SealedKeys| {
        let pair = |pair: &Option<SealedPair>| {
            let sealed = &pair.as_ref().unwrap().signing_key;
            ring.unseal_signing_key(sealed, OWNER).unwrap()
        };
        let previous = &keys.previous[0];
        (
            ring.unseal(&keys.secret, OWNER).unwrap(),
            ring.unseal(&previous.secret, OWNER).unwrap(),
            pair(&keys.pair),
            pair(&previous.pair),
        )
    };
    assert_eq!(opened(&new_only, &resealed), opened(&both, &keys));

    let over = keys.resealed(&both, OWNER, Timestamp(10)).unwrap().unwrap();
    assert!(over.previous.is_empty());
    let unreadable = keys.resealed(&new_only, OWNER, now).unwrap_err();
    assert!(matches!(
        unreadable,
        KeysError::Unseal(UnsealError::UnknownKey)
    ));
}

#[test]
fn earlier_keys_are_stored_in_one_form_for_good() {
    let stored = r#"[{"secret":"AQID","pair":{"signing_key":"BAU=","public_key":"whpk_x"},"until_us":7},
                     {"secret":"","pair":null,"until_us":8,"added_later":1}]"#;
    let previous: Vec<PreviousKeys> = serde_json::from_str(stored).unwrap();
    let pair = SealedPair {
        signing_key: vec![4, 5],
        public_key: "whpk_x".to_owned(),
    };
    assert_eq!(
        (previous[0].secret.as_slice(), previous[0].until_us),
        (&[1, 2, 3][..], 7)
    );
    assert_eq!((&previous[0].pair, &previous[1].pair), (&Some(pair), &None));
    let written = serde_json::to_value(&previous).unwrap();
    assert_eq!(
        written[0],
        serde_json::from_str::<serde_json::Value>(stored).unwrap()[0]
    );
}

proptest! {
    #[test]
    fn damaged_bytes_never_open(at in 0_usize..200, flip in 1_u8..) {
        let ring = ring(&MasterKey([3; 32]), &[]);
        let secret = WebhookSecret(vec![9; 32]);
        let mut sealed = ring.seal(&secret, OWNER).unwrap();
        let at = at % sealed.len();
        sealed[at] ^= flip;
        prop_assert!(ring.unseal(&sealed, OWNER).is_err());
        prop_assert!(ring.unseal(&sealed[..at], OWNER).is_err());
    }
}
