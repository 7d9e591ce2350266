//! The keys of an installation, kept as files in its data folder.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use delivery_worker::{CryptoError, KeyRing, MasterKey};
use http_api::{KeyError, TokenSigner, TokenVerifier, generate_keys};

use crate::data_folder::DataFolder;
use crate::secret_file::{self, SecretFileError};
use crate::settings::Settings;
use crate::wiring;

/// Signs API tokens: PKCS#8 in PEM, Ed25519.
const TOKEN_KEY_FILE: &str = "token-key.pem";

/// Checks API tokens: SPKI in PEM, Ed25519.
const PUBLIC_KEY_FILE: &str = "token-key.pub.pem";

/// Encrypts webhook secrets at rest: 32 bytes in base64.
const MASTER_KEY_FILE: &str = "master.key";

/// Those of a data folder without which what it holds cannot be used.
pub(crate) const NEEDED_KEYS: [&str; 2] = [TOKEN_KEY_FILE, MASTER_KEY_FILE];

/// All of them, in a data folder.
pub(crate) const KEY_FILES: [&str; 3] = [TOKEN_KEY_FILE, PUBLIC_KEY_FILE, MASTER_KEY_FILE];

/// The keys that the services are started with.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Signs API tokens, and knows the public key that verifies them.
    pub(crate) signer: TokenSigner,
    /// Encrypts webhook secrets.
    pub(crate) master: MasterKey,
}

/// Whether a key file was made just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Made now.
    Created,
    /// Was there.
    Kept,
}

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// The file cannot be read or written as a secret.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The file holds something else.
    #[error("{file} does not hold {expected}; restore it from a backup")]
    Damaged {
        file: PathBuf,
        expected: &'static str,
    },
    /// The file is gone, and what it made readable is still there.
    #[error(
        "{file} is missing, but the folder holds data that needs it; \
         restore it from a backup"
    )]
    Missing { file: PathBuf },
    /// There is no such file.
    #[error(
        "there is no key in {file}; `dealwire keys create` makes the keys, \
         and {setting} says where this one is"
    )]
    NotGiven {
        file: PathBuf,
        setting: &'static str,
    },
    /// A key could not be made.
    #[error("cannot make the key that signs tokens")]
    TokenKey(#[from] KeyError),
    /// A key could not be made.
    #[error("cannot make the key that encrypts webhook secrets")]
    MasterKey(#[from] CryptoError),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys from `folder`, and makes those that are missing.
    /// Tells of each file whether it is new.
    ///
    /// # Errors
    /// [`KeysError`]; a key that is there but unusable is never replaced.
    pub(crate) fn load_or_create(
        folder: &DataFolder,
    ) -> Result<(Self, [(PathBuf, Origin); 2]), KeysError> {
        let in_use = wiring::has_data(folder.path());
        let token_file = folder.file(TOKEN_KEY_FILE);
        let master_file = folder.file(MASTER_KEY_FILE);
        let (pem, token_origin) =
            load_or_create(&token_file, in_use, || Ok(generate_keys()?.private_pem))?;
        let (master, master_origin) = load_or_create(&master_file, in_use, || {
            Ok(MasterKey::generate()?.expose() + "\n")
        })?;
        let keys = Self {
            signer: signer(&token_file, &pem)?,
            master: master_key(&master_file, &master)?,
        };
        let origins = [(token_file, token_origin), (master_file, master_origin)];
        Ok((keys, origins))
    }

    /// Writes the public key beside the private one, for processes that only
    /// check tokens.
    ///
    /// # Errors
    /// [`KeysError::File`].
    pub(crate) fn save_public(&self, folder: &DataFolder) -> Result<(PathBuf, Origin), KeysError> {
        let file = folder.file(PUBLIC_KEY_FILE);
        let pem = self.signer.public_pem();
        if std::fs::read_to_string(&file).is_ok_and(|kept| kept == pem) {
            return Ok((file, Origin::Kept));
        }
        secret_file::write(&file, pem.as_bytes())?;
        Ok((file, Origin::Created))
    }

    /// Reads the key that signs tokens from where the settings say.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(crate) fn load_signer(settings: &Settings) -> Result<TokenSigner, KeysError> {
        let file = settings
            .keys
            .token_private(settings.data_dir.join(TOKEN_KEY_FILE));
        signer(&file, &read_given(&file, "keys.token_private_file")?)
    }

    /// Reads the key that checks tokens, in PEM, from where the settings say.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(crate) fn load_public(settings: &Settings) -> Result<String, KeysError> {
        let file = settings
            .keys
            .token_public(settings.data_dir.join(PUBLIC_KEY_FILE));
        let pem = read_given(&file, "keys.token_public_file")?;
        // The clock is of no matter for whether it is a key.
        match TokenVerifier::new(&[&pem], Arc::new(|| 0)) {
            Ok(_) => Ok(pem),
            Err(_invalid) => Err(KeysError::Damaged {
                file,
                expected: "an Ed25519 public key in PEM (SPKI)",
            }),
        }
    }

    /// Reads the key that encrypts webhook secrets from where the settings say.
    ///
    /// # Errors
    /// [`KeysError`].
    fn load_master(settings: &Settings) -> Result<MasterKey, KeysError> {
        let file = settings
            .keys
            .master(settings.data_dir.join(MASTER_KEY_FILE));
        master_key(&file, &read_given(&file, "keys.master_file")?)
    }

    /// Reads all keys of webhook secrets from where the settings say: the one that
    /// encrypts, and those that open besides.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(crate) fn load_ring(settings: &Settings) -> Result<KeyRing, KeysError> {
        key_ring(&Self::load_master(settings)?, settings)
    }

    /// The same of the data folder that `dealwire up` runs on: it has a key of its own.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(crate) fn ring_of_folder(folder: &Path, settings: &Settings) -> Result<KeyRing, KeysError> {
        let file = folder.join(MASTER_KEY_FILE);
        let current = read_given(&file, "--data-dir")?;
        key_ring(&master_key(&file, &current)?, settings)
    }

    /// The key that signs tokens, of the data folder that `dealwire up` runs on.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(crate) fn signer_of_folder(folder: &Path) -> Result<TokenSigner, KeysError> {
        let file = folder.join(TOKEN_KEY_FILE);
        signer(&file, &read_given(&file, "--data-dir")?)
    }

    /// The same with this folder's own key as the one that encrypts.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(crate) fn ring(&self, settings: &Settings) -> Result<KeyRing, KeysError> {
        key_ring(&self.master, settings)
    }
}

fn key_ring(current: &MasterKey, settings: &Settings) -> Result<KeyRing, KeysError> {
    let others = settings.keys.other_masters().iter();
    let others = others
        .map(|file| master_key(file, &read_given(file, "keys.other_master_files")?))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(KeyRing::new(current, &others)?)
}

/// A key that somebody else put there, for which `setting` names the file.
fn read_given(file: &Path, setting: &'static str) -> Result<String, KeysError> {
    secret_file::read_given(file)?.ok_or_else(|| KeysError::NotGiven {
        file: file.to_owned(),
        setting,
    })
}

fn load_or_create(
    file: &Path,
    in_use: bool,
    make: impl FnOnce() -> Result<String, KeysError>,
) -> Result<(String, Origin), KeysError> {
    if let Some(bytes) = secret_file::read(file)? {
        return Ok((String::from_utf8_lossy(&bytes).into_owned(), Origin::Kept));
    }
    if in_use {
        return Err(KeysError::Missing {
            file: file.to_owned(),
        });
    }
    let made = make()?;
    secret_file::write(file, made.as_bytes())?;
    Ok((made, Origin::Created))
}

fn signer(file: &Path, pem: &str) -> Result<TokenSigner, KeysError> {
    TokenSigner::new(pem).map_err(|_invalid| KeysError::Damaged {
        file: file.to_owned(),
        expected: "an Ed25519 private key in PEM (PKCS#8)",
    })
}

fn master_key(file: &Path, text: &str) -> Result<MasterKey, KeysError> {
    MasterKey::parse(text).map_err(|_invalid| KeysError::Damaged {
        file: file.to_owned(),
        expected: "32 bytes in base64",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&dir.path().join("data")).unwrap();
        (dir, folder)
    }

    #[test]
    fn makes_keys_once_and_reads_them_back() {
        let (_dir, folder) = folder();
        let (made, origins) = Keys::load_or_create(&folder).unwrap();
        assert!(origins.iter().all(|(_, o)| *o == Origin::Created));
        let (kept, origins) = Keys::load_or_create(&folder).unwrap();
        assert!(origins.iter().all(|(_, o)| *o == Origin::Kept));
        assert_eq!(made.signer.public_pem(), kept.signer.public_pem());
        assert_eq!(made.master.expose(), kept.master.expose());
    }

    #[test]
    fn a_process_of_its_own_reads_only_the_keys_that_it_needs() {
        let (_dir, folder) = folder();
        let (made, _) = Keys::load_or_create(&folder).unwrap();
        for expected in [Origin::Created, Origin::Kept] {
            assert_eq!(made.save_public(&folder).unwrap().1, expected);
        }
        let mut settings = Settings::load(None).unwrap();
        settings.data_dir = folder.path().to_owned();
        let signer = Keys::load_signer(&settings).unwrap();
        assert_eq!(signer.public_pem(), made.signer.public_pem());
        assert_eq!(Keys::load_public(&settings).unwrap(), signer.public_pem());
        let master = Keys::load_master(&settings).unwrap();
        assert_eq!(master.expose(), made.master.expose());

        std::fs::write(folder.file(PUBLIC_KEY_FILE), made.master.expose()).unwrap();
        let error = Keys::load_public(&settings).unwrap_err().to_string();
        assert!(error.contains(PUBLIC_KEY_FILE), "{error}");
        settings.data_dir = folder.file("elsewhere");
        let error = Keys::load_master(&settings).unwrap_err().to_string();
        assert!(error.contains("keys.master_file"), "{error}");
    }

    #[test]
    fn keeps_a_damaged_key_and_says_so() {
        let (_dir, folder) = folder();
        for (name, content) in [
            (TOKEN_KEY_FILE, ""),
            (TOKEN_KEY_FILE, "no key"),
            (MASTER_KEY_FILE, "AAAA"),
        ] {
            Keys::load_or_create(&folder).unwrap();
            let file = folder.file(name);
            secret_file::write(&file, content.as_bytes()).unwrap();
            let error = Keys::load_or_create(&folder).unwrap_err();
            assert!(matches!(error, KeysError::Damaged { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
            std::fs::remove_file(&file).unwrap();
        }
    }

    #[test]
    fn makes_no_new_key_beside_data_that_needs_the_old_one() {
        let (_dir, folder) = folder();
        Keys::load_or_create(&folder).unwrap();
        std::fs::write(folder.file("entity.db"), "rows").unwrap();
        Keys::load_or_create(&folder).unwrap();
        for name in [TOKEN_KEY_FILE, MASTER_KEY_FILE] {
            let file = folder.file(name);
            let kept = std::fs::read(&file).unwrap();
            std::fs::remove_file(&file).unwrap();
            let error = Keys::load_or_create(&folder).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("backup"), "{error}");
            assert!(!file.exists());
            secret_file::write(&file, &kept).unwrap();
        }
    }

    #[test]
    fn never_shows_a_key() {
        let (_dir, folder) = folder();
        let (keys, _) = Keys::load_or_create(&folder).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys { .. }");
    }
}
