//! Which keys sign a request, by its moment.

use events::Timestamp;

use super::Signer;
use crate::secret::{KeyRing, SealedKeys, SealedPair, SecretOwner, SigningKey, UnsealError};

/// The signers of one webhook: the current keys alone, and together with those from
/// before as long as they overlap.
#[derive(Debug, Clone)]
pub(crate) struct Signers {
    alone: Signer,
    /// Which signs until when, the soonest end first: each has all keys that are
    /// still good at that moment.
    overlapping: Vec<(Timestamp, Signer)>,
}

impl Signers {
    /// Opens a webhook's keys; those of ed25519 only if the webhook wants them.
    ///
    /// An earlier key that does not open signs nothing, which is said in the log: the
    /// current one is what receivers are meant to have.
    ///
    /// # Errors
    ///
    /// If the current keys do not open.
    pub(crate) fn open(
        keys: &KeyRing,
        owner: SecretOwner,
        sealed: &SealedKeys,
        ed25519: bool,
    ) -> Result<Self, UnsealError> {
        let open_pair = |pair: &Option<SealedPair>| -> Result<Option<SigningKey>, UnsealError> {
            let wanted = pair.as_ref().filter(|_| ed25519);
            wanted
                .map(|pair| keys.unseal_signing_key(&pair.signing_key, owner))
                .transpose()
        };
        let mut secrets = vec![keys.unseal(&sealed.secret, owner)?];
        let mut signing_keys: Vec<_> = open_pair(&sealed.pair)?.into_iter().collect();
        let alone = signer(&secrets, &signing_keys)?;

        let mut previous: Vec<_> = sealed.previous.iter().collect();
        // The one that ends last is good whenever another one is.
        previous.sort_by_key(|previous| std::cmp::Reverse(previous.until_us));
        let mut overlapping = Vec::with_capacity(previous.len());
        for old in previous {
            let opened = keys
                .unseal(&old.secret, owner)
                .and_then(|secret| Ok((secret, open_pair(&old.pair)?)));
            match opened {
                Ok((secret, signing_key)) => {
                    secrets.push(secret);
                    signing_keys.extend(signing_key);
                    let until = Timestamp(old.until_us);
                    overlapping.push((until, signer(&secrets, &signing_keys)?));
                }
                Err(reason) => {
                    let webhook = owner.webhook_id;
                    tracing::warn!(webhook, %reason, "an earlier secret signs no longer");
                }
            }
        }
        overlapping.reverse();
        Ok(Self { alone, overlapping })
    }

    /// What signs a request that is made now.
    pub(crate) fn at(&self, now: Timestamp) -> &Signer {
        self.overlapping
            .iter()
            .find(|(until, _)| now < *until)
            .map_or(&self.alone, |(_, signer)| signer)
    }
}

fn signer(
    secrets: &[crate::secret::WebhookSecret],
    signing_keys: &[SigningKey],
) -> Result<Signer, UnsealError> {
    Signer::new(secrets)
        .with_ed25519(signing_keys)
        // The bytes are no key, though they opened.
        .map_err(|_unusable| UnsealError::Damaged)
}

#[cfg(test)]
mod tests {
    use events::AccountId;

    use super::*;
    use crate::secret::{MasterKey, PreviousKeys, WebhookSecret};

    const OWNER: SecretOwner = SecretOwner {
        account_id: AccountId(1),
        webhook_id: 7,
    };

    fn ring() -> KeyRing {
        KeyRing::new(&MasterKey::generate().unwrap(), &[]).unwrap()
    }

    /// Keys with a pair each: the current ones, and earlier ones that end at `ends`.
    fn keys(ring: &KeyRing, ends: &[i64]) -> SealedKeys {
        let new = || {
            let secret = WebhookSecret::generate().unwrap();
            SealedKeys::of_new(ring, OWNER, &secret, true).unwrap()
        };
        let previous = ends.iter().map(|&until_us| PreviousKeys {
            secret: new().secret,
            pair: new().pair,
            until_us,
        });
        SealedKeys {
            previous: previous.collect(),
            ..new()
        }
    }

    /// What signs at a moment, as versions and signatures.
    fn signed(signers: &Signers, now: i64) -> Vec<String> {
        let signature = signers.at(Timestamp(now)).sign("id", 0, b"");
        signature.split(' ').map(str::to_owned).collect()
    }

    /// What each secret and pair says by itself.
    fn each(ring: &KeyRing, keys: &SealedKeys) -> Vec<[String; 2]> {
        let previous = keys.previous.iter().map(|old| (&old.secret, &old.pair));
        let alone = |(secret, pair): (&Vec<u8>, &Option<SealedPair>)| {
            let keys = SealedKeys {
                secret: secret.clone(),
                pair: pair.clone(),
                previous: Vec::new(),
            };
            let signers = Signers::open(ring, OWNER, &keys, true).unwrap();
            signed(&signers, 0).try_into().unwrap()
        };
        std::iter::once((&keys.secret, &keys.pair))
            .chain(previous)
            .map(alone)
            .collect()
    }

    #[test]
    fn earlier_keys_sign_until_their_end() {
        let ring = ring();
        let keys = keys(&ring, &[20, 10]);
        let signers = Signers::open(&ring, OWNER, &keys, true).unwrap();
        let each = each(&ring, &keys);
        let of = |kind: usize, which: &[usize]| -> Vec<String> {
            which.iter().map(|&at| each[at][kind].clone()).collect()
        };
        for (now, which) in [
            (0, &[0, 1, 2][..]),
            (9, &[0, 1, 2]),
            (10, &[0, 1]),
            (19, &[0, 1]),
            (20, &[0]),
            (1_000, &[0]),
        ] {
            let expected = [of(0, which), of(1, which)].concat();
            assert_eq!(signed(&signers, now), expected, "at {now}");
        }
    }

    #[test]
    fn without_the_wish_for_them_pairs_sign_nothing() {
        let ring = ring();
        let signers = Signers::open(&ring, OWNER, &keys(&ring, &[10]), false).unwrap();
        for (now, count) in [(0, 2), (10, 1)] {
            let signed = signed(&signers, now);
            assert_eq!(signed.len(), count);
            assert!(signed.iter().all(|signature| signature.starts_with("v1,")));
        }
    }

    #[test]
    fn an_earlier_key_that_does_not_open_is_left_out() {
        let mine = ring();
        let mut all = keys(&mine, &[10, 20]);
        all.previous[0] = keys(&ring(), &[30]).previous.remove(0);
        let signers = Signers::open(&mine, OWNER, &all, true).unwrap();
        assert_eq!(signed(&signers, 0).len(), 4);
        assert_eq!(signed(&signers, 20).len(), 2);

        all.secret = keys(&ring(), &[]).secret;
        let error = Signers::open(&mine, OWNER, &all, true).unwrap_err();
        assert_eq!(error, UnsealError::UnknownKey);
    }
}
