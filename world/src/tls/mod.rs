//! TLS for servers: who a server says it is, and an authority that vouches for it where nobody else does.
//!
//! Real world only. An official SDK wants `https://` for some kinds of credentials; it is told to trust the
//! certificate in a file, as it would be behind a company's proxy.

mod authority;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use authority::Authority;

use crate::net::Connection;

/// What a client may choose from, the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate and its key, ready to serve. Clones are the same identity.
#[derive(Clone)]
pub struct Identity(TlsAcceptor);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// Why there is no identity to serve with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {cause} (accepted: a readable file)", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {cause} (accepted: a file that can be written, in a folder that is there)", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// A file does not hold what it should, in PEM.
    #[error("{} holds no {wanted} in PEM: {cause}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// A certificate of the authority is there and its key is not.
    #[error("{} is there and its key {} is not: it cannot vouch for anybody (accepted: both files, or neither)", certificate.display(), key.display())]
    KeyMissing {
        /// The certificate.
        certificate: PathBuf,
        /// Where its key should be.
        key: PathBuf,
    },
    /// The two files do not belong together, or their time is over.
    #[error("{} does not vouch for what {} signs: {cause} (accepted: the two files that were made together, or neither)", certificate.display(), key.display())]
    Mismatch {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// What a client would say.
        cause: String,
    },
    /// Not a name that a certificate can have.
    #[error("cannot make a certificate for {names}: {cause}")]
    Names {
        /// What was asked for.
        names: String,
        /// What is wrong.
        cause: String,
    },
    /// Certificate and key do not make an identity.
    #[error("certificate and key do not go together: {0} (accepted: a certificate and its own key)")]
    Unusable(#[from] rustls::Error),
}

impl Identity {
    /// Reads a certificate chain, the server's own first, and its key, both in PEM.
    ///
    /// # Errors
    /// A file cannot be read, holds something else, or the two do not belong together.
    pub fn of_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let pem = |path: &Path, wanted, cause: &dyn fmt::Display| TlsError::Pem {
            path: path.to_owned(),
            wanted,
            cause: cause.to_string(),
        };
        let text = read(certificate)?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| pem(certificate, "certificate", &error))?;
        if chain.is_empty() {
            return Err(pem(certificate, "certificate", &"there is none"));
        }
        let private = PrivateKeyDer::from_pem_slice(read(key)?.as_bytes())
            .map_err(|error| pem(key, "private key", &error))?;
        Self::of(chain, private)
    }

    fn of(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(crate) async fn accept(&self, connection: Connection) -> io::Result<TlsStream<Connection>> {
        self.0.accept(connection).await
    }
}

fn read(path: &Path) -> Result<String, TlsError> {
    std::fs::read_to_string(path).map_err(|cause| TlsError::Read { path: path.to_owned(), cause })
}
