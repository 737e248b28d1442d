//! What does it cost to count the tokens of a prompt, beside dividing its length by four? Prompts of the length that
//! drills send, and pages of text, code and JSON.

use std::hint::black_box;

use brownout_mock_provider::count_tokens;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const ENGLISH: &str = include_str!("../src/engine/tokens/pages/english.md");
const RUST: &str = include_str!("../src/engine/tokens/pages/rust.txt");
const JSON: &str = include_str!("../src/engine/tokens/pages/data.min.json");

fn prompt() -> String {
    let filler = "Tell me about the brownouts of the last year, and what was done about each of them. ";
    format!("bo-0123456789abcdef\n{}", filler.repeat(6))
}

fn foreign() -> String {
    "Сервер не ответил вовремя, поэтому запрос был отправлен ещё раз. ".repeat(8)
}

fn tokens(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tokens");
    let (prompt, foreign) = (prompt(), foreign());
    for (name, text) in
        [("prompt", &*prompt), ("English", ENGLISH), ("Rust", RUST), ("JSON", JSON), ("Russian", &foreign)]
    {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| count_tokens(black_box(text))));
    }
    group.bench_function("by length alone", |bencher| {
        bencher.iter(|| (black_box(&*prompt).len() as u64).div_ceil(4));
    });
    group.finish();
}

criterion_group!(benches, tokens);
criterion_main!(benches);
