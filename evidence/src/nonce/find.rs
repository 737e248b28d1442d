//! Finding a nonce in the bytes of a request body.

use super::{DIGITS, Nonce, PREFIX, TEXT_LEN};

/// The last nonce in a request body, which is the one of the last user message.
///
/// Works on the bytes as sent: no dialect has to be understood, and a body of images is crossed at the
/// speed of `memrchr`, because base64 holds no hyphen.
pub fn find_last(body: &[u8]) -> Option<Nonce> {
    let hyphen_offset = PREFIX.len() - 1;
    memchr::memrchr_iter(b'-', body)
        .filter_map(|hyphen| hyphen.checked_sub(hyphen_offset))
        .find_map(|start| at_start(&body[start..]).map(|(nonce, _)| nonce))
}

/// The nonce that `text` begins with, and how many bytes it takes.
pub(super) fn at_start(text: &[u8]) -> Option<(Nonce, usize)> {
    let digits = text.strip_prefix(PREFIX.as_bytes())?.get(..DIGITS)?;
    let id = digits.iter().try_fold(0_u64, |id, digit| Some((id << 4) | u64::from(hex_digit(*digit)?)))?;
    let rest = &text[TEXT_LEN..];
    if rest.first().is_some_and(|next| hex_digit(*next).is_some()) {
        return None; // a longer run of digits is something else
    }
    let (retry, len) = retry_suffix(rest);
    Some((Nonce::new(id).with_retry(retry), TEXT_LEN + len))
}

/// The value of `.n` at the start of `rest` and its length; (0, 0) if there is none.
fn retry_suffix(rest: &[u8]) -> (u16, usize) {
    let Some(number) = rest.strip_prefix(b".") else { return (0, 0) };
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = std::str::from_utf8(&number[..digits]).ok().and_then(|digits| digits.parse().ok());
    value.map_or((0, 0), |retry| (retry, 1 + digits))
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Option<String> {
        find_last(body.as_bytes()).map(|nonce| nonce.to_string())
    }

    #[test]
    fn finds_the_last_of_several() {
        let body = r#"{"messages":[{"role":"user","content":"bo-00000000000000aa\nhi"},{"role":"user","content":"bo-00000000000000bb\nand?"}]}"#;
        assert_eq!(found(body).as_deref(), Some("bo-00000000000000bb"));
    }

    #[test]
    fn reads_the_retry_but_not_the_end_of_a_sentence() {
        assert_eq!(found(r#""bo-00000000000000aa.2\n""#).as_deref(), Some("bo-00000000000000aa.2"));
        assert_eq!(found("see bo-00000000000000aa. Then").as_deref(), Some("bo-00000000000000aa"));
    }

    #[test]
    fn passes_over_look_alikes() {
        assert_eq!(
            found("bo-00000000000000aa and bo-12 and bo-0000000000000000ff-"),
            Some("bo-00000000000000aa".into())
        );
        assert_eq!(found("-"), None);
        assert_eq!(found("o-0000000000000000"), None);
        assert_eq!(found(""), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(body: Vec<u8>) {
            let _ = find_last(&body);
        }

        #[test]
        fn is_found_wherever_it_stands(id: u64, before in "[^-]{0,40}", after in "[^-.0-9a-f][^-]{0,40}") {
            let nonce = Nonce::new(id);
            proptest::prop_assert_eq!(find_last(format!("{before}{nonce}{after}").as_bytes()), Some(nonce));
        }
    }
}
