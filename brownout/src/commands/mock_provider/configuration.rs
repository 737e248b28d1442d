//! What a mock provider is to be: its file and its flags, checked before anything starts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use drill::file::{Document, refuse_unknown_keys};
use fault::FaultFile;
use mock_provider::{ControlFile, EdgePlan, MockFile, MockPlan, Pools, QuotaFile};
use notation::Problems;
use serde::Deserialize;
use world::Address;

use crate::cli::MockArgs;
use crate::commands::{listen_address, serving};
use crate::exit::CommandError;

/// The name of a mock that no file names.
const ALONE: &str = "mock";
const DEFAULT_LISTEN: &str = "127.0.0.1:9100";
/// Where the authority's certificate goes when nobody says.
const DEFAULT_CA: &str = "brownout-ca.pem";
/// The sections of a mock's file.
const KEYS: [&str; 5] = ["providers", "quotas", "faults", "control", "tls"];
/// The names of this machine to itself.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// `[tls]` of a mock's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TlsFile {
    /// The certificate of the authority that vouches for the mock; made when it is not there.
    ca: Option<PathBuf>,
    /// Further names under which clients reach the mock.
    names: Vec<String>,
    /// A certificate of one's own, in place of an authority.
    certificate: Option<PathBuf>,
    /// Its key.
    key: Option<PathBuf>,
}

impl TlsFile {
    fn check(&self, problems: &mut Problems) {
        let accepted = "`certificate` and `key`, or `ca`, or neither";
        match (&self.certificate, &self.key, &self.ca) {
            (Some(_), None, _) => problems.add("tls.certificate", "stands without its key", accepted),
            (None, Some(_), _) => problems.add("tls.key", "stands without its certificate", accepted),
            (Some(_), Some(_), Some(_)) => problems.add("tls.ca", "stands beside a certificate", accepted),
            _ => {}
        }
    }
}

/// How the mock gets its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TlsPlan {
    /// One's own.
    Files { certificate: PathBuf, key: PathBuf },
    /// From an authority of ours whose certificate is in `path`.
    Authority { path: PathBuf, names: Vec<String> },
}

/// Everything that was asked for.
#[derive(Debug)]
pub(super) struct Configuration {
    /// Name, plan and address of each mock.
    pub(super) mocks: Vec<(String, MockPlan, Address)>,
    /// What surrounds each, but for who may use the control API, and TLS.
    pub(super) edge: EdgePlan,
    pub(super) control: ControlFile,
    pub(super) tls: Option<TlsPlan>,
}

/// What the file says.
#[derive(Debug, Default)]
struct Read {
    plans: Vec<(String, MockPlan)>,
    faults: Vec<FaultFile>,
    control: ControlFile,
    journal: Option<usize>,
    tls: Option<TlsFile>,
}

impl Configuration {
    /// Reads file and flags.
    pub(super) fn read(args: &MockArgs) -> Result<Self, CommandError> {
        let mut read = read_file(args)?;
        if args.admin_token.is_some() {
            read.control.token.clone_from(&args.admin_token);
        }
        let addresses = addresses(args, read.plans.len())?;
        let tls = tls_plan(args, read.tls, &addresses);
        let admin = admin(args, &read.control, read.plans.len())?;
        let mut edge =
            EdgePlan { admin, faults: read.faults, pools: Pools::default(), ..EdgePlan::default() };
        edge.journal = read.journal.unwrap_or(edge.journal);
        let mocks =
            read.plans.into_iter().zip(addresses).map(|((name, plan), at)| (name, plan, at)).collect();
        Ok(Self { mocks, edge, control: read.control, tls })
    }
}

fn read_file(args: &MockArgs) -> Result<Read, CommandError> {
    let Some(path) = &args.config else {
        let plan = MockFile::default().plan(ALONE).map_err(CommandError::configuration)?;
        return Ok(Read { plans: vec![(ALONE.to_owned(), plan)], ..Read::default() });
    };
    let (name, text) = serving::read_config(path)?;
    let document = Document::parse(&name, &text).map_err(CommandError::configuration)?;
    let mut problems = Problems::new();
    let read = read_document(&document, &mut problems);
    if read.plans.is_empty() && problems.is_empty() {
        let message = format!("{name}: has no [providers.NAME] section (accepted: one or more)");
        return Err(CommandError::configuration(message));
    }
    problems.into_result(read).map_err(|problems| CommandError::configuration(document.errors(problems)))
}

fn read_document(document: &Document, problems: &mut Problems) -> Read {
    refuse_unknown_keys(document, &KEYS, problems);
    let files = problems.take("", document.entries::<MockFile>("providers")).unwrap_or_default();
    let quotas = problems.take("", document.entries::<QuotaFile>("quotas")).unwrap_or_default();
    let quotas: BTreeMap<String, QuotaFile> = quotas.into_iter().collect();
    let mut read = Read::default();
    let names: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
    for (provider, file) in files {
        let planned = file.plan_among(&provider, &quotas);
        let plan = problems.take(&format!("providers.{provider}"), planned);
        read.plans.extend(plan.map(|plan| (provider, plan)));
    }
    read.faults = problems.take("", document.section("faults")).flatten().unwrap_or_default();
    check_faults(&read.faults, &names, problems);
    read.control = problems.take("", document.section("control")).flatten().unwrap_or_default();
    read.journal = problems.take("control", read.control.journal());
    read.tls = problems.take("", document.section("tls")).flatten();
    read.tls.iter().for_each(|tls: &TlsFile| tls.check(problems));
    read
}

fn check_faults(faults: &[FaultFile], names: &BTreeSet<String>, problems: &mut Problems) {
    for (index, file) in faults.iter().enumerate() {
        if let Some(name) = file.provider().filter(|name| !names.contains(*name)) {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let message = format!("there is no provider `{name}`");
            problems.add(format!("faults[{index}].provider"), message, known.join(", "));
        }
    }
    let edge = EdgePlan { faults: faults.to_vec(), ..EdgePlan::default() };
    // The same rule is as wrong for every provider that it concerns.
    if let Some(Err(found)) = names.iter().map(|name| edge.check(name)).find(Result::is_err) {
        problems.merge_under("faults", found);
    }
}

/// A port for each provider: the one asked for if there is one provider, free ones for several.
fn addresses(args: &MockArgs, count: usize) -> Result<Vec<Address>, CommandError> {
    let several = count > 1 || args.part.child;
    let default = if several { "127.0.0.1:0" } else { DEFAULT_LISTEN };
    let first = listen_address(args.listen.as_deref().unwrap_or(default))?;
    let others = std::iter::repeat_n(Address::new(format!("{}:0", first.host())), count.saturating_sub(1));
    Ok(std::iter::once(first).chain(others).collect())
}

fn admin(
    args: &MockArgs,
    control: &ControlFile,
    count: usize,
) -> Result<Option<(Address, mock_provider::Access)>, CommandError> {
    let Some(text) = &args.admin else { return Ok(None) };
    if count > 1 {
        let message = format!("--admin is one port and there are {count} providers (accepted: one provider)");
        return Err(CommandError::configuration(message));
    }
    let address = listen_address(text)?;
    let access = control.access(&address);
    if access == mock_provider::Access::Closed {
        let message =
            format!("--admin {address} is not this machine alone (accepted: --admin-token TOKEN with it)");
        return Err(CommandError::configuration(message));
    }
    Ok(Some((address, access)))
}

fn tls_plan(args: &MockArgs, file: Option<TlsFile>, addresses: &[Address]) -> Option<TlsPlan> {
    if file.is_none() && !args.tls && args.ca_out.is_none() && args.tls_names.is_empty() {
        return None;
    }
    let file = file.unwrap_or_default();
    if let (Some(certificate), Some(key)) = (file.certificate, file.key) {
        return Some(TlsPlan::Files { certificate, key });
    }
    let path = args.ca_out.clone().or(file.ca).unwrap_or_else(|| DEFAULT_CA.into());
    let mut names = NAMES.map(str::to_owned).to_vec();
    let hosts = addresses.iter().map(|address| address.host().trim_matches(['[', ']']).to_owned());
    for name in hosts.chain(file.names).chain(args.tls_names.iter().cloned()) {
        let is_any = name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_unspecified());
        if !is_any && !names.contains(&name) {
            names.push(name);
        }
    }
    Some(TlsPlan::Authority { path, names })
}
