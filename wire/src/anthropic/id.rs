//! Ids: a kind, a version, and 22 characters that are easy to read aloud.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// `msg_01…`, `req_01…`, `toolu_01…` of 128 bits.
pub fn of(prefix: &str, (high, low): (u64, u64)) -> String {
    let mut bits = u128::from(high) << 64 | u128::from(low);
    let mut id = String::with_capacity(prefix.len() + 22);
    id.push_str(prefix);
    for _ in 0..22 {
        id.push(char::from(ALPHABET[(bits % 58) as usize]));
        bits /= 58;
    }
    id
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_has_22_characters_behind_its_prefix() {
        assert_eq!(super::of("msg_01", (0, 0)), "msg_011111111111111111111111");
        assert_eq!(super::of("req_01", (u64::MAX, u64::MAX)).len(), 28);
    }
}
