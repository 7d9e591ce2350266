//! The keys of an installation, kept as files in its data folder.

use std::fmt;
use std::path::{Path, PathBuf};

use delivery_worker::{CryptoError, MasterKey};
use http_api::{KeyError, TokenSigner, generate_keys};

use crate::data_folder::DataFolder;
use crate::secret_file::{self, SecretFileError};
use crate::wiring;

/// Signs API tokens: PKCS#8 in PEM, Ed25519.
const TOKEN_KEY_FILE: &str = "token-key.pem";

/// Encrypts webhook secrets at rest: 32 bytes in base64.
const MASTER_KEY_FILE: &str = "master.key";

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

    /// Reads the key that signs tokens; `None` where the folder has none.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(crate) fn load_signer(folder: &Path) -> Result<Option<TokenSigner>, KeysError> {
        let file = folder.join(TOKEN_KEY_FILE);
        secret_file::read(&file)?
            .map(|bytes| signer(&file, &String::from_utf8_lossy(&bytes)))
            .transpose()
    }
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
        let signer = Keys::load_signer(folder.path()).unwrap().unwrap();
        assert_eq!(signer.public_pem(), made.signer.public_pem());
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
