//! What is known of the senders that sources are made for: data, not code.

/// One kind of sender.
#[derive(Debug, PartialEq)]
pub(crate) struct Preset {
    /// Its name on the wire and in the database.
    pub(crate) name: &'static str,
}

/// All presets; the first is for senders that follow S1.
pub(crate) static PRESETS: [Preset; 1] = [Preset { name: "webhook" }];

impl Preset {
    /// From the name on the wire and in the database.
    pub(crate) fn parse(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }
}
