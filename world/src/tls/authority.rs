//! A certificate authority of our own, kept in two files: the certificate that clients are given, and beside
//! it the key, which only its owner can read.
//!
//! The files are made once and used again, so that clients need to be told once. Each start makes a fresh
//! certificate for the server itself, which is never written down.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use time::OffsetDateTime;

use super::{Identity, TlsError, read};
use crate::time::Clock;

const NAME: &str = "Brownout mock authority";
const DAY: i64 = 86_400;
/// How long the authority is valid.
const AUTHORITY_DAYS: i64 = 3_650;
/// How long a server's certificate is. Some clients refuse more than 398 days.
const SERVER_DAYS: i64 = 397;

/// Vouches for servers of this machine.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    certificate_path: PathBuf,
    key_path: PathBuf,
    is_new: bool,
    now_s: i64,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("certificate_path", &self.certificate_path).finish_non_exhaustive()
    }
}

impl Authority {
    /// The authority whose certificate is in `path` and whose key is beside it, with the ending `.key`; made
    /// anew where neither file is there.
    ///
    /// # Errors
    /// A file cannot be read or written, holds something else, or one of the two is missing.
    pub fn open(path: &Path, clock: &Clock) -> Result<Self, TlsError> {
        let now_s = i64::try_from(clock.unix_micros() / 1_000_000).unwrap_or(i64::MAX);
        let key_path = key_path_of(path);
        if path.exists() { Self::read(path, &key_path, now_s) } else { Self::create(path, &key_path, now_s) }
    }

    /// Where its certificate is.
    #[must_use]
    pub fn certificate_path(&self) -> &Path {
        &self.certificate_path
    }

    /// Whether its files were made just now.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// An identity for a server that is reached under `names`: host names and addresses.
    ///
    /// # Errors
    /// One of them is no name, or the authority's own files do not belong together.
    pub fn identity(&self, names: &[String]) -> Result<Identity, TlsError> {
        let fail =
            |error: rcgen::Error| TlsError::Names { names: names.join(", "), cause: error.to_string() };
        let key = KeyPair::generate().map_err(fail)?;
        let mut params = CertificateParams::new(names).map_err(fail)?;
        params.distinguished_name = named("Brownout mock provider");
        (params.not_before, params.not_after) = validity(self.now_s, SERVER_DAYS);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(fail)?.der().clone();
        self.check(&certificate, names)?;
        let private = PrivatePkcs8KeyDer::from(key.serialize_der());
        Identity::of(vec![certificate], private.into())
    }

    /// Whether a client that trusts the authority's certificate accepts `server`.
    fn check(&self, server: &CertificateDer<'_>, names: &[String]) -> Result<(), TlsError> {
        let mismatch = |cause: String| TlsError::Mismatch {
            certificate: self.certificate_path.clone(),
            key: self.key_path.clone(),
            cause,
        };
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(|error| mismatch(error.to_string()))?;
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| mismatch(error.to_string()))?;
        let now = Duration::from_secs(u64::try_from(self.now_s).unwrap_or(0));
        let name = names.first().map_or("localhost", String::as_str);
        let name = ServerName::try_from(name).map_err(|error| mismatch(error.to_string()))?;
        verifier
            .verify_server_cert(server, &[], &name, &[], UnixTime::since_unix_epoch(now))
            .map_err(|error| mismatch(error.to_string()))?;
        Ok(())
    }

    fn read(path: &Path, key_path: &Path, now_s: i64) -> Result<Self, TlsError> {
        let pem = |path: &Path, wanted, cause: String| TlsError::Pem { path: path.to_owned(), wanted, cause };
        let certificate = CertificateDer::from_pem_slice(read(path)?.as_bytes())
            .map_err(|error| pem(path, "certificate", error.to_string()))?;
        if !key_path.exists() {
            return Err(TlsError::KeyMissing { certificate: path.to_owned(), key: key_path.to_owned() });
        }
        let key = KeyPair::from_pem(&read(key_path)?)
            .map_err(|error| pem(key_path, "private key", error.to_string()))?;
        Ok(Self {
            issuer: Issuer::new(params(now_s), key),
            certificate,
            certificate_path: path.to_owned(),
            key_path: key_path.to_owned(),
            is_new: false,
            now_s,
        })
    }

    fn create(path: &Path, key_path: &Path, now_s: i64) -> Result<Self, TlsError> {
        let fail = |error: rcgen::Error| TlsError::Names { names: NAME.to_owned(), cause: error.to_string() };
        let key = KeyPair::generate().map_err(fail)?;
        let params = params(now_s);
        let certificate = params.self_signed(&key).map_err(fail)?;
        // The key first: a certificate without its key would be in the way at the next start.
        write(key_path, &key.serialize_pem(), 0o600)?;
        write(path, &certificate.pem(), 0o644)?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate: certificate.der().clone(),
            certificate_path: path.to_owned(),
            key_path: key_path.to_owned(),
            is_new: true,
            now_s,
        })
    }
}

/// `ca.pem` → `ca.key`
fn key_path_of(path: &Path) -> PathBuf {
    let beside = path.with_extension("key");
    if beside == path { path.with_extension("key.key") } else { beside }
}

/// The same for every authority of ours but for its time: what it signs names it by these.
fn params(now_s: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(NAME);
    (params.not_before, params.not_after) = validity(now_s, AUTHORITY_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::OrganizationName, "Brownout");
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// From a day ago, for clients whose clocks are behind.
fn validity(now_s: i64, days: i64) -> (OffsetDateTime, OffsetDateTime) {
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (at(now_s.saturating_sub(DAY)), at(now_s.saturating_add(days * DAY)))
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    let fail = |cause: io::Error| TlsError::Write { path: path.to_owned(), cause };
    // Nobody's file is overwritten.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)
}
