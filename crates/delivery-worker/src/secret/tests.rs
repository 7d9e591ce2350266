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
