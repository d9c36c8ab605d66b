//! Connections under TLS, with a certificate of the endpoint's own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;

/// The files of the certificate, of its key, and of the names that it is good for.
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";
const NAMES: &str = "names";

/// A certificate that this endpoint has made for itself, and where it lies.
#[derive(Debug)]
pub struct Certificate {
    /// The file that clients are told to trust.
    pub path: PathBuf,
    config: Arc<ServerConfig>,
}

impl Certificate {
    /// Takes the one in a folder that is good for these names and addresses, or makes it there.
    pub fn in_folder(folder: &Path, names: Vec<String>) -> io::Result<Self> {
        let (path, key, listed) = (folder.join(CERTIFICATE), folder.join(KEY), folder.join(NAMES));
        let wanted = names.join("\n");
        let is_listed = std::fs::read_to_string(&listed).is_ok_and(|names| names == wanted);
        if !is_listed || !path.try_exists()? || !key.try_exists()? {
            std::fs::create_dir_all(folder)?;
            let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
            write_private(&key, &made.signing_key.serialize_pem())?;
            std::fs::write(&path, made.cert.pem())?;
            // Last: what says which names it is for says that it is whole.
            std::fs::write(&listed, wanted)?;
        }
        let certificate = CertificateDer::from_pem_file(&path).map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_file(&key).map_err(io::Error::other)?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key);
        let mut config = config.map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { path: path.canonicalize()?, config: Arc::new(config) })
    }

    /// Returns what agrees on connections with it.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

/// Writes a file that nobody else may read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_again_for_other_names() {
        let folder = tempfile::TempDir::new().unwrap();
        let made = |names: &[&str]| {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            let certificate = Certificate::in_folder(folder.path(), names).unwrap();
            std::fs::read(certificate.path).unwrap()
        };
        let first = made(&["localhost"]);
        assert_eq!(made(&["localhost"]), first);
        let second = made(&["localhost", "10.0.0.1"]);
        assert_ne!(second, first);
        // A process that died while it made one left no names.
        std::fs::remove_file(folder.path().join(NAMES)).unwrap();
        std::fs::write(folder.path().join(CERTIFICATE), "half").unwrap();
        let third = made(&["localhost", "10.0.0.1"]);
        assert_ne!(third, second);
        // Whoever wants a new one takes the old one away.
        std::fs::remove_file(folder.path().join(CERTIFICATE)).unwrap();
        assert_ne!(made(&["localhost", "10.0.0.1"]), third);
    }
}
