//! What lets a browser in: the token of a page, which is kept with its port so that an open page finds it again.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};

use crate::deploy::local::Folder;

/// The bytes of a token: as many as nobody guesses.
const BYTES: usize = 16;
/// The port that a page takes where it is free.
pub(super) const FIRST_PORT: u16 = 4580;

/// The token of a page, and the port that it had last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    token: String,
    port: u16,
}

impl Key {
    /// Returns the key of a pipeline's page: that of the last time, or a new one.
    pub fn of(folder: &Folder) -> io::Result<Self> {
        if let Some(known) = Self::known(folder)? {
            return Ok(known);
        }
        let mut bytes = [0; BYTES];
        OsRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
        let token = format!("{:032x}", u128::from_be_bytes(bytes));
        Ok(Self { token, port: FIRST_PORT })
    }

    /// Returns the key that a page of the pipeline had last, where there is a good one.
    pub fn known(folder: &Folder) -> io::Result<Option<Self>> {
        let bytes = match fs::read(path(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let known = serde_json::from_slice::<Self>(&bytes).ok();
        Ok(known.filter(|known| known.token.len() == 2 * BYTES))
    }

    /// Returns the token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns the port that the page had last.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Keeps it with the port that the page has now, for nobody but this user to read.
    pub fn keep(&self, folder: &Folder, port: u16) -> io::Result<()> {
        let kept = serde_json::to_vec(&Self { token: self.token.clone(), port })?;
        let draft = folder.path().join("page.json.new");
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&kept)?;
        fs::rename(&draft, path(folder))
    }

    /// Returns the address of the page.
    pub fn address(&self, port: u16) -> String {
        format!("http://127.0.0.1:{port}/?token={}", self.token)
    }
}

fn path(folder: &Folder) -> PathBuf {
    folder.path().join("page.json")
}
