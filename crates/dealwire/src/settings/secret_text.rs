//! Text that no log and no error may show.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::SettingsError;

/// A secret from the settings; empty where none is set.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct SecretText(String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "unset" } else { "set" })
    }
}

impl SecretText {
    /// The secret itself, or what `file` holds; `None` where neither is given.
    /// `key` is the setting's full name, whose twin `<key>_file` names the file.
    ///
    /// # Errors
    /// [`SettingsError`]: both are given, or the file cannot be read or is empty.
    pub(crate) fn or_file(&self, file: &Path, key: &str) -> Result<Option<String>, SettingsError> {
        let inline = self.0.trim();
        match (inline.is_empty(), file.as_os_str().is_empty()) {
            (true, true) => Ok(None),
            (false, true) => Ok(Some(inline.to_owned())),
            (true, false) => read(file, key).map(Some),
            (false, false) => Err(SettingsError(format!(
                "{key} and {key}_file are both set; set one of them"
            ))),
        }
    }
}

fn read(file: &Path, key: &str) -> Result<String, SettingsError> {
    let named: PathBuf = file.to_owned();
    let text = std::fs::read_to_string(file).map_err(|error| {
        SettingsError(format!(
            "{key}_file: cannot read {}: {error}",
            named.display()
        ))
    })?;
    let text = text.trim();
    if text.is_empty() {
        let why = format!("{key}_file: {} is empty", named.display());
        return Err(SettingsError(why));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> SecretText {
        SecretText(text.to_owned())
    }

    #[test]
    fn comes_from_one_place_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, "from the file\n").unwrap();
        let none = Path::new("");
        assert_eq!(text("").or_file(none, "a.b").unwrap(), None);
        let inline = text(" inline ").or_file(none, "a.b").unwrap();
        assert_eq!(inline.unwrap(), "inline");
        let read = text("").or_file(&file, "a.b").unwrap();
        assert_eq!(read.unwrap(), "from the file");
        let both = text("inline").or_file(&file, "a.b").unwrap_err();
        assert!(both.to_string().contains("a.b_file"), "{both}");
    }

    #[test]
    fn a_file_that_is_no_use_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, " \n").unwrap();
        for file in [empty, folder.path().join("absent")] {
            let error = text("").or_file(&file, "a.b").unwrap_err().to_string();
            assert!(error.contains("a.b_file"), "{error}");
            assert!(error.contains(file.to_str().unwrap()), "{error}");
        }
    }

    #[test]
    fn is_never_shown() {
        assert_eq!(format!("{:?}", text("hush")), "set");
    }
}
