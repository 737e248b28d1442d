//! Checking the token texts of one answer as they arrive, in whatever pieces.

use super::Nonce;
use super::expected::Expected;

/// Reads generated text and accounts for every token text in it.
///
/// Pieces may split a token text anywhere. Text that is no token text is passed over.
#[derive(Clone, Debug)]
pub struct TokenScanner {
    tag: u16,
    state: State,
    next_seq: u32,
    /// The text of token `next_seq`.
    expected: Expected,
    report: TokenReport,
}

/// What a [`TokenScanner`] saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenReport {
    /// Token texts that carry this request's tag.
    pub tokens: u32,
    /// Token texts that carry another tag.
    pub foreign: u32,
    /// The first other tag seen.
    pub foreign_tag: Option<u16>,
    /// Sequence numbers skipped over.
    pub missing: u32,
    /// Tokens whose number was not above all before it: sent twice, out of order, or started again.
    pub repeated: u32,
}

impl TokenReport {
    /// Whether the tokens were this request's own, each once and in order.
    pub const fn is_clean(&self) -> bool {
        self.foreign == 0 && self.missing == 0 && self.repeated == 0
    }
}

/// How much of ` hhhh.n` has been read.
#[derive(Clone, Copy, Debug)]
enum State {
    Outside,
    Tag { digits: u8, value: u16 },
    Dot { tag: u16 },
    Number { tag: u16, digits: u8, value: u32 },
}

impl TokenScanner {
    /// A scanner for the answer to `nonce`.
    pub fn new(nonce: Nonce) -> Self {
        Self {
            tag: nonce.tag(),
            state: State::Outside,
            next_seq: 0,
            expected: Expected::first(nonce.tag()),
            report: TokenReport::default(),
        }
    }

    /// Reads the next piece of generated text.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut rest = piece;
        loop {
            rest = self.pass_expected(rest);
            let Some((byte, after)) = rest.split_first() else { return };
            self.step(*byte);
            rest = after;
        }
    }

    /// Accounts for the tokens of a good answer at once, text by text, and returns what is left: a piece's last
    /// token, whose number may go on, and all that is out of order.
    fn pass_expected<'p>(&mut self, piece: &'p [u8]) -> &'p [u8] {
        let mut rest = piece;
        while matches!(self.state, State::Outside)
            && let Some(after) = self.expected.strip_from(rest)
        {
            self.report.tokens += 1;
            self.expect(self.next_seq + 1);
            rest = after;
        }
        rest
    }

    fn expect(&mut self, seq: u32) {
        if seq == self.next_seq + 1 {
            self.expected.advance();
        } else {
            self.expected.jump(self.tag, seq);
        }
        self.next_seq = seq;
    }

    /// What was seen so far. A token text counts once something follows it.
    pub const fn so_far(&self) -> &TokenReport {
        &self.report
    }

    /// Ends the text and returns what was seen.
    pub fn finish(mut self) -> TokenReport {
        if let State::Number { tag, digits: 1.., value } = self.state
            && !self.is_cut_short(tag, value)
        {
            self.token(tag, value);
        }
        self.report
    }

    /// Whether a number at the very end is only the beginning of the expected one: a cut between two
    /// digits is a cut, not a token out of order.
    fn is_cut_short(&self, tag: u16, value: u32) -> bool {
        let mut rest = self.next_seq / 10;
        while tag == self.tag && rest > 0 && rest >= value {
            if rest == value {
                return true;
            }
            rest /= 10;
        }
        false
    }

    fn step(&mut self, byte: u8) {
        self.state = match self.state {
            State::Tag { digits, value } if digits < 4 => match hex_digit(byte) {
                Some(digit) => State::Tag { digits: digits + 1, value: (value << 4) | digit },
                None => outside(byte),
            },
            State::Tag { value, .. } if byte == b'.' => State::Dot { tag: value },
            State::Dot { tag } => match decimal_digit(byte) {
                Some(value) => State::Number { tag, digits: 1, value },
                None => outside(byte),
            },
            State::Number { tag, digits, value } => match decimal_digit(byte) {
                Some(digit) if digits < 9 => {
                    State::Number { tag, digits: digits + 1, value: value * 10 + digit }
                }
                Some(_) => State::Outside, // no answer has a milliard tokens
                None => {
                    self.token(tag, value);
                    outside(byte)
                }
            },
            State::Outside | State::Tag { .. } => outside(byte),
        };
    }

    fn token(&mut self, tag: u16, seq: u32) {
        if tag != self.tag {
            self.report.foreign += 1;
            self.report.foreign_tag.get_or_insert(tag);
            return;
        }
        self.report.tokens += 1;
        if seq < self.next_seq {
            self.report.repeated += 1;
            return;
        }
        self.report.missing = self.report.missing.saturating_add(seq - self.next_seq);
        self.expect(seq + 1);
    }
}

const fn outside(byte: u8) -> State {
    if byte == b' ' { State::Tag { digits: 0, value: 0 } } else { State::Outside }
}

fn hex_digit(byte: u8) -> Option<u16> {
    match byte {
        b'0'..=b'9' => Some(u16::from(byte - b'0')),
        b'a'..=b'f' => Some(u16::from(byte - b'a') + 10),
        _ => None,
    }
}

fn decimal_digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: Nonce = Nonce::new(99);

    fn scan(text: &str) -> TokenReport {
        let mut scanner = TokenScanner::new(NONCE);
        scanner.feed(text.as_bytes());
        scanner.finish()
    }

    fn answer(seqs: impl IntoIterator<Item = u32>) -> String {
        seqs.into_iter().map(|seq| NONCE.token_text(seq)).collect()
    }

    #[test]
    fn counts_a_whole_answer() {
        let report = scan(&answer(0..120));
        assert_eq!(report, TokenReport { tokens: 120, ..TokenReport::default() });
        assert!(report.is_clean());
    }

    #[test]
    fn a_hole_is_missing() {
        assert_eq!(scan(&answer([0, 1, 4])).missing, 2);
        assert_eq!(scan(&answer([3])).missing, 3);
    }

    #[test]
    fn a_restart_and_a_swap_are_repeated() {
        assert_eq!(scan(&answer((0..5).chain(0..3))).repeated, 3);
        let swapped = scan(&answer([0, 2, 1, 3]));
        assert_eq!((swapped.missing, swapped.repeated), (1, 1));
    }

    #[test]
    fn another_requests_token_is_foreign() {
        let other = Nonce::new(100);
        let report = scan(&format!("{}{}{}", NONCE.token_text(0), other.token_text(1), NONCE.token_text(1)));
        assert_eq!((report.tokens, report.foreign, report.foreign_tag), (2, 1, Some(other.tag())));
        assert_eq!(report.missing, 0);
    }

    #[test]
    fn other_text_is_passed_over() {
        let text = format!(
            "Sure, here it is:{} dead beef.{} 12.5 cafe.x{}",
            NONCE.token_text(0),
            NONCE.token_text(1),
            NONCE.token_text(2)
        );
        assert_eq!(scan(&text), TokenReport { tokens: 3, ..TokenReport::default() });
    }

    #[test]
    fn a_cut_inside_the_last_number_is_no_disorder() {
        let whole = answer(0..13);
        let report = scan(&whole[..whole.len() - 1]);
        assert_eq!(report, TokenReport { tokens: 12, ..TokenReport::default() });
    }

    proptest::proptest! {
        #[test]
        fn any_split_gives_the_same_report(seqs in proptest::collection::vec(0_u32..2_000, 0..40), sizes in proptest::collection::vec(1_usize..9, 1..60)) {
            let text = answer(seqs);
            let mut scanner = TokenScanner::new(NONCE);
            let mut rest = text.as_bytes();
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, tail) = rest.split_at((*size).min(rest.len()));
                scanner.feed(piece);
                rest = tail;
            }
            proptest::prop_assert_eq!(scanner.finish(), scan(&text));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut scanner = TokenScanner::new(NONCE);
            scanner.feed(&bytes);
            scanner.finish();
        }
    }
}
