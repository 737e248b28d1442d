//! `brownout mock-provider`: mock providers on sockets.

mod banner;
mod configuration;

use std::collections::BTreeMap;
use std::time::Duration;

use drill::run::Announcement;
use mock_provider::{EdgePlan, Mock, MockPlan, Pools, StartError};
use notation::format_duration;
use world::tls::{Authority, Identity};
use world::{Address, Interrupts, Seed, World};

use super::serving;
use crate::cli::MockArgs;
use crate::exit::{CommandError, Exit};
use crate::terminal::Terminal;
use banner::{Banner, Trust};
use configuration::{Configuration, TlsPlan};

type Mocks = Vec<(String, Mock)>;

pub(crate) fn run(args: &MockArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    serving::prepare(&args.part)?;
    let configuration = Configuration::read(args)?;
    world::run_real(Seed(args.seed), serving::THREADS, async |world| {
        if args.part.child {
            as_child(&world, configuration, args, terminal).await
        } else {
            alone(&world, configuration, args, terminal).await
        }
    })
    .map_err(CommandError::unreachable)?
}

/// A part of a drill, which keeps the books itself.
async fn as_child(
    world: &World,
    configuration: Configuration,
    args: &MockArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let pools = Pools::default();
    let mut mocks = Mocks::new();
    for (name, plan, address) in configuration.mocks {
        // A drill's proxy reads what an answer was to be from its head, and takes it out again.
        let plan = plan.announcing_tokens();
        let mock = mock_provider::start_among(world, &address, plan, &pools);
        mocks.push((name, mock.map_err(|cause| cannot_listen(&address, &cause))?));
    }
    serving::announce(terminal, &args.part, &announcement(&mocks), "");
    serving::until_stopped(world).await?;
    shut_down(world, mocks, serving::GRACE).await;
    Ok(Exit::Pass)
}

async fn alone(
    world: &World,
    configuration: Configuration,
    args: &MockArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    // From here on a signal is a wish to end in good order.
    let mut interrupts = Interrupts::listen().map_err(CommandError::unreachable)?;
    let Configuration { mocks, edge, control, tls } = configuration;
    let (identity, trust) = identify(world, tls.as_ref())?;
    let edge = EdgePlan { identity, ..edge };
    let mut started = Mocks::new();
    for (name, plan, address) in mocks {
        let edge = EdgePlan { access: control.access(&address), ..edge.clone() };
        started.push((name, start(world, plan, &address, edge)?));
    }
    let banner =
        Banner { mocks: &started, trust: trust.as_ref(), control: &control, style: terminal.style() };
    serving::announce(terminal, &args.part, &announcement(&started), &banner.to_string());
    interrupts.next().await;
    drain(world, started, args.grace, &mut interrupts, terminal).await
}

fn start(world: &World, plan: MockPlan, address: &Address, edge: EdgePlan) -> Result<Mock, CommandError> {
    mock_provider::start_alone(world, address, plan, edge).map_err(|error| match error {
        StartError::Listen { address, cause } => cannot_listen(&address, &cause),
        other => CommandError::configuration(other),
    })
}

fn cannot_listen(address: &Address, cause: &std::io::Error) -> CommandError {
    CommandError::unreachable(format!(
        "the mock provider cannot listen on {address}: {cause} (accepted: a free address of this machine)"
    ))
}

fn announcement(mocks: &[(String, Mock)]) -> Announcement {
    let providers: BTreeMap<String, String> =
        mocks.iter().map(|(name, mock)| (name.clone(), mock.address().to_string())).collect();
    let listening = mocks.first().map(|(_, mock)| mock.address().to_string()).unwrap_or_default();
    Announcement { listening, providers }
}

/// Who the mocks say they are, and what clients are to trust.
fn identify(world: &World, tls: Option<&TlsPlan>) -> Result<(Option<Identity>, Option<Trust>), CommandError> {
    match tls {
        None => Ok((None, None)),
        Some(TlsPlan::Files { certificate, key }) => {
            let identity = Identity::of_files(certificate, key).map_err(CommandError::configuration)?;
            Ok((Some(identity), Some(Trust::Own)))
        }
        Some(TlsPlan::Authority { path, names }) => {
            let authority = Authority::open(path, world.clock()).map_err(CommandError::configuration)?;
            let identity = authority.identity(names).map_err(CommandError::configuration)?;
            Ok((Some(identity), Some(Trust::Authority(authority.certificate_path().to_owned()))))
        }
    }
}

/// Ends in good order: nothing new is taken, what is being answered has `grace` to end. A second signal ends
/// everything at once.
async fn drain(
    world: &World,
    mocks: Mocks,
    grace: Duration,
    interrupts: &mut Interrupts,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let live: u64 = mocks.iter().map(|(_, mock)| mock.live_requests()).sum();
    if live > 0 {
        terminal.print_error(&format!(
            "stopping: {live} {} being answered, {} to end; another signal ends at once\n",
            if live == 1 { "request is" } else { "requests are" },
            format_duration(grace),
        ));
    }
    let cut = tokio::select! {
        biased;
        () = interrupts.next() => {
            terminal.print_error("stopped at once\n");
            return Ok(Exit::Interrupted);
        }
        cut = shut_down(world, mocks, grace) => cut,
    };
    if cut == 0 {
        return Ok(Exit::Pass);
    }
    terminal.print_error(&format!("stopped: {cut} cut off after {}\n", format_duration(grace)));
    Ok(Exit::Interrupted)
}

/// Shuts all down at the same time; how many requests were cut off.
async fn shut_down(world: &World, mocks: Mocks, grace: Duration) -> usize {
    let ending: Vec<_> =
        mocks.into_iter().map(|(_, mock)| world.spawn(async move { mock.shutdown(grace).await })).collect();
    let mut cut = 0;
    for mock in ending {
        cut += mock.await.unwrap_or(0);
    }
    cut
}
