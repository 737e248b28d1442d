//! What does one simulated request cost on its way through load generator, gateway, proxy and mock and back,
//! with its records written and judged? Whole drills of one kind of request in virtual time, their start,
//! preflight and report included; ten thousand requests each, so that these weigh a hundredth. Beside them, in the same
//! run, stands what as many hops of bare hyper cost on the same machine.

mod bare;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use brownout_drill::file::{self, Changes, DrillPlan};
use brownout_drill::run::{Options, TimeMode, Watch, WatchState, run};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use evidence::journal::Evidence;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const REQUESTS: u64 = 10_000;

struct Nobody;

impl Watch for Nobody {
    fn state(&mut self, _: &WatchState) {}
    fn note(&mut self, _: &str) {}
}

/// The shipped drill without faults, with requests of one kind only.
fn plan(mix: &str, streaming: &str) -> DrillPlan {
    let set = [
        "duration=100s",
        "faults=[]",
        "load.arrivals={constant='100/s'}",
        "load.control={}",
        "load.invalid=0%",
        "expect={availability='> 95%'}",
        &format!("load.mix={{{mix}=1}}"),
        &format!("load.streaming={streaming}"),
    ];
    let changes = Changes { set: set.map(str::to_owned).to_vec(), ..Changes::default() };
    let (name, document) = file::open("provider-failure").expect("a shipped drill");
    DrillPlan::read(&name, document, &changes).expect("a drill")
}

fn options(out: &Path) -> Options {
    Options {
        time: TimeMode::Virtual,
        out: out.join("report"),
        evidence: Evidence::All,
        weaknesses: Vec::new(),
        stop: Default::default(),
        program: PathBuf::new(),
        replay: String::new(),
    }
}

fn requests(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = options(folder.path());
    let mut group = criterion.benchmark_group("simulated request");
    group.throughput(Throughput::Elements(REQUESTS)).sample_size(10).sampling_mode(SamplingMode::Flat);
    group.bench_function("three hops of bare hyper", |bencher| bencher.iter(|| bare::run(REQUESTS)));
    for (name, mix, streaming) in [
        ("plain chat", "chat", "0%"),
        ("streamed chat", "chat", "100%"),
        ("embedding", "embeddings", "0%"),
        ("list of models", "models", "0%"),
    ] {
        let plan = plan(mix, streaming);
        let drill = || run(&plan, &options, &mut Nobody).expect("an outcome");
        assert_eq!(drill().report.exit_code, 0, "{name}");
        group
            .bench_function(BenchmarkId::from_parameter(name), |bencher| bencher.iter(|| black_box(drill())));
    }
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
