//! How many tokens requests and answers have: the same whoever says it.

use brownout_mock_provider::count_tokens;

use crate::harness::{EXACT, against};
use crate::ways::{Asked, Told, WAYS, Way};

const PAGE: &str = include_str!("../../src/engine/tokens/pages/english.md");

fn requests() -> [Asked; 3] {
    let short = Asked::new("What is a brownout?");
    let long = Asked::new(PAGE);
    let with_function = Asked { with_function: true, ..Asked::new("How is the weather in Paris?") };
    [short, long, with_function]
}

/// What a mock tells that nobody has asked before.
fn told(way: Way, asked: &Asked, is_streamed: bool) -> Told {
    let asked = asked.clone();
    against(&way.file(EXACT), |bench| async move {
        let answered = way.ask(&bench, &asked, is_streamed).await;
        way.told(&answered)
    })
}

#[test]
fn a_stream_tells_the_same_cost_as_a_whole_answer() {
    for way in WAYS {
        for asked in requests() {
            let whole = told(way, &asked, false);
            assert_eq!(told(way, &asked, true), whole, "{}", way.name);
            assert!(whole.prompt > 0 && whole.answer > 0, "{}: {whole:?}", way.name);
        }
    }
}

#[test]
fn a_count_is_what_the_request_then_costs() {
    let mut counts = 0;
    for way in WAYS {
        for asked in requests() {
            let cost = told(way, &asked, false);
            let counted = against(&way.file(EXACT), |bench| async move { way.count(&bench, &asked).await });
            if let Some(counted) = counted {
                assert_eq!(counted, cost.prompt, "{}", way.name);
                counts += 1;
            }
        }
    }
    assert_eq!(counts, 3 * 12, "twelve ways have a count of their own");
}

#[test]
fn a_prompt_costs_its_texts_and_little_more() {
    for way in WAYS {
        let asked = Asked::new(PAGE);
        let texts = count_tokens(&asked.system) + count_tokens(&asked.user);
        let told = told(way, &asked, false).prompt;
        // A chat has a frame around each message; a flat format may leave the instructions out.
        assert!((texts - 10..texts + 16).contains(&told), "{}: {told} of {texts}", way.name);
    }
}

#[test]
fn an_answer_has_as_many_tokens_as_its_text_is_allowed() {
    for way in WAYS {
        let asked = Asked { max_tokens: 16, ..Asked::new("Tell me a long story.") };
        assert_eq!(told(way, &asked, true).answer, 16, "{}", way.name);
    }
}
