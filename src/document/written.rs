//! Keys and texts as TOML has them.

use toml_writer::{ToTomlKey, ToTomlValue, TomlKeyBuilder, TomlStringBuilder};

/// Writes a text, quoted. On one line always: what follows a line end in a file is read as another line.
pub fn string(text: &str) -> String {
    let text = TomlStringBuilder::new(text);
    text.as_basic_pretty().or_else(|| text.as_literal()).unwrap_or_else(|| text.as_basic()).to_toml_value()
}

/// Writes a key, quoted where it must be.
pub fn key(name: &str) -> String {
    let key = TomlKeyBuilder::new(name);
    key.as_unquoted().unwrap_or_else(|| key.as_basic()).to_toml_key()
}
