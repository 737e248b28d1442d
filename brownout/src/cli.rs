//! What can be typed: the subcommands, their flags, and the words that users of other tools type.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Chaos drills for LLM gateways: reproducible provider failures, virtual time, a verdict.
#[derive(Debug, Parser)]
#[command(name = "brownout", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// More of what happens, on standard error; twice for the parts' own events.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a drill and judge the gateway.
    Drill(DrillArgs),
    /// List the drills that ship.
    Drills,
    /// Validate drill files and do their arithmetic, without running anything.
    Check(CheckArgs),
    /// Print the arrival plan of a drill: counts, peak in flight, hash. Sends nothing.
    Plan(PlanArgs),
    /// Serve mock providers, all on one port.
    MockProvider(MockArgs),
    /// Serve the fault-injecting reverse proxy.
    Proxy(ProxyArgs),
    /// Serve the reference gateway.
    Gateway(GatewayArgs),
    /// Send load to a gateway and measure it.
    Loadgen(LoadgenArgs),
    /// Tell one request's whole life: every attempt, fault, decision, byte count and time.
    Explain(ExplainArgs),
}

/// `brownout drill`
#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// A drill that ships (see `brownout drills`) or a TOML file.
    #[arg(value_name = "NAME|FILE", required_unless_present = "all")]
    pub(crate) drill: Option<String>,
    /// Run every drill that ships and print one summary.
    #[arg(long, conflicts_with_all = ["drill", "target"])]
    pub(crate) all: bool,
    /// The root seed; the drill's own when not given.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Virtual for the embedded gateway, real with --target, when not given.
    #[arg(long, value_enum)]
    pub(crate) time: Option<Time>,
    /// A set of overrides in the drill file.
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) profile: Profile,
    /// Divide every length by K; refused where a window would become too short to judge by.
    #[arg(long, value_name = "K", conflicts_with = "profile", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) shorten: Option<u32>,
    /// Multiply every rate by R.
    #[arg(long, value_name = "R", value_parser = factor)]
    pub(crate) scale_rate: Option<f64>,
    /// Judge this gateway instead of the embedded one: a URL, or a file with a `[target]` section.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) target: Option<String>,
    /// Weaken the embedded gateway; may be repeated. `brownout gateway --weaknesses` lists them.
    #[arg(long, value_name = "NAME")]
    pub(crate) weakness: Vec<String>,
    /// Override a key of the drill file, such as `load.streaming=20%` or `faults[0].share=30%`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Which records are kept; the drill's own choice when not given.
    #[arg(long, value_enum)]
    pub(crate) evidence: Option<Evidence>,
    /// Where the report and the logs go; `brownout-out/NAME-SEED` when not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Also write what depends on this machine (wall time, CPU, memory, host) to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) machine: Option<PathBuf>,
    /// A host beyond this machine that may be sent traffic.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_remote: Vec<String>,
    /// Print report.json on standard output, and nothing else there.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `brownout check`
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Drills that ship, or TOML files.
    #[arg(value_name = "NAME|FILE", required = true)]
    pub(crate) drills: Vec<String>,
    /// The set of overrides to check.
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) profile: Profile,
    /// Override a key of the file.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// `brownout plan`
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// A drill that ships, or a TOML file.
    #[arg(value_name = "NAME|FILE")]
    pub(crate) drill: String,
    /// The root seed; the drill's own when not given.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The set of overrides.
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) profile: Profile,
}

/// `brownout mock-provider`
#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// A TOML file with `[providers.NAME]` sections, as in a drill; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Speak TLS, with a certificate that an authority of our own vouches for.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Where that authority's certificate is, for clients to trust; made if it is not there, with its key
    /// beside it. `brownout-ca.pem` when not given. Means --tls.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_out: Option<PathBuf>,
    /// A further name or address under which clients reach the mock; may be repeated. Means --tls.
    #[arg(long = "tls-name", value_name = "NAME")]
    pub(crate) tls_names: Vec<String>,
    /// A port of its own for control, metrics and health, which answers until the mock has ended.
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin: Option<String>,
    /// What who uses the control API must show as a bearer token; needed beyond this machine.
    #[arg(long, value_name = "TOKEN")]
    pub(crate) admin_token: Option<String>,
    /// How long answers in flight may take when the mock is told to stop.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(crate) grace: Duration,
    /// The root seed.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) part: PartArgs,
}

/// `brownout proxy`
#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// A TOML file with `[[routes]]` and `[[faults]]`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["listen", "upstream"])]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, value_name = "ADDR", requires = "upstream")]
    pub(crate) listen: Option<String>,
    /// Where requests go on to.
    #[arg(long, value_name = "URL", requires = "listen")]
    pub(crate) upstream: Option<String>,
    /// Whose dialect the upstream speaks: bedrock, vertex, anthropic or openai, which is taken when not given.
    #[arg(long, value_name = "FAMILY")]
    pub(crate) family: Option<String>,
    /// A fault for a share of the requests, such as `error=throttling@50%`; may be repeated.
    #[arg(long = "fault", value_name = "SPEC")]
    pub(crate) faults: Vec<String>,
    /// The root seed.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Write the attempt and fault logs here.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A host beyond this machine that may be sent traffic.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_remote: Vec<String>,
    #[command(flatten)]
    pub(crate) part: PartArgs,
}

/// `brownout gateway`
#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    /// A TOML file with a `[gateway]` section; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Weaken it; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) weakness: Vec<String>,
    /// List the weaknesses, what each changes and which check catches it.
    #[arg(long)]
    pub(crate) weaknesses: bool,
    /// The root seed.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) part: PartArgs,
}

/// `brownout loadgen`
#[derive(Debug, Args)]
pub(crate) struct LoadgenArgs {
    /// Where to send to.
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,
    /// A TOML file with a `[load]` section.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to send to, as Locust has it.
    #[arg(long, value_name = "URL", conflicts_with = "url")]
    pub(crate) host: Option<String>,
    /// Requests a second or a minute, such as `50/s`.
    #[arg(long, short = 'q', value_name = "RATE")]
    pub(crate) rate: Option<String>,
    /// How long.
    #[arg(long, short = 't', visible_alias = "run-time", value_name = "TIME")]
    pub(crate) duration: Option<String>,
    /// The bearer key to send.
    #[arg(long, value_name = "KEY", default_value = "sk-brownout-0")]
    pub(crate) key: String,
    /// The chat model to ask for.
    #[arg(long, value_name = "NAME", default_value = "chat")]
    pub(crate) model: String,
    /// The share of chats that are streamed.
    #[arg(long, value_name = "SHARE")]
    pub(crate) streaming: Option<String>,
    /// The root seed.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Where the summary and the client log go.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// This machine's part of the load: `I/N`, from 0.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<String>,
    /// A host beyond this machine that may be sent traffic.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_remote: Vec<String>,
    /// Print the summary as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `brownout explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The output folder of a run.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The request's nonce, as reports name it.
    #[arg(value_name = "NONCE")]
    pub(crate) nonce: String,
}

/// What the parts that serve have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct PartArgs {
    /// Announce the address as one line of JSON, and end with the process that started this one.
    #[arg(long, hide = true)]
    pub(crate) child: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Time {
    Virtual,
    Real,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    Full,
    Short,
    Smoke,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Evidence {
    All,
    Notable,
}

impl Cli {
    /// Reads the command line; help and version come back as an error that is no failure.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(arguments)
    }
}

/// A duration as everywhere else, such as `500ms` or `1m30s`.
fn duration(text: &str) -> Result<Duration, String> {
    notation::parse_duration(text).map_err(|error| error.to_string())
}

/// A factor that leaves something to multiply.
fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| factor.is_finite() && *factor > 0.0);
    factor.ok_or_else(|| "not a number above zero, such as `2` or `0.5`".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Only debug builds of clap look for flags that contradict each other or name what is not there.
    #[test]
    fn the_flags_of_every_command_agree() {
        Cli::command().debug_assert();
    }
}
