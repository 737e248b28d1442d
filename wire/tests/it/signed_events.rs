//! Signed events: golden bytes, and the codec over arbitrary pieces.

use brownout_wire::bedrock::invoke_stream::{Incoming, decode};
use brownout_wire::bedrock::signed_event::{FrameReader, Received, encode_signed};
use brownout_wire::bedrock::sigv4::{EventChain, MOCK_SECRET_KEY};
use brownout_wire::bedrock::stream_frame::encode_event_json;
use brownout_wire::event_stream::Frame;
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

/// 2026-01-01T12:00:00Z
const NOON: u64 = 1_767_268_800;
/// A session start and the empty event that ends a stream, after a request whose signature is all zeros. Made with
/// Python's `hmac`, `hashlib`, `struct` and `zlib` from the published description, not by this crate.
const GOLDEN: &str = include_str!("../golden/bedrock/signed_events.hex");
const EVENT: &[u8] = br#"{"event":{"sessionStart":{"inferenceConfiguration":{"maxTokens":64}}}}"#;

fn chain() -> EventChain {
    EventChain::begin(MOCK_SECRET_KEY, "us-east-1", NOON, &"00".repeat(32))
}

fn golden() -> Bytes {
    let digits: Vec<u8> = GOLDEN.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap();
    digits.chunks(2).map(|pair| (digit(&pair[0]) << 4 | digit(&pair[1])) as u8).collect::<Vec<_>>().into()
}

fn payloads(bytes: &[u8], sizes: &[usize]) -> Vec<Bytes> {
    let (mut reader, mut chain, mut all) = (FrameReader::default(), chain(), Vec::new());
    let mut rest = bytes;
    let mut push = |piece: &[u8]| {
        reader.push(piece);
        while let Some(frame) = reader.next_frame().unwrap() {
            let Received::Signed { date, signature, payload } = Received::of_frame(frame).unwrap() else {
                panic!("unsigned")
            };
            chain.verify(&signature, date, &payload, NOON).unwrap();
            all.push(payload);
        }
    };
    for size in sizes {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        push(piece);
        rest = after;
    }
    push(rest);
    assert!(reader.is_empty());
    all
}

#[test]
fn a_stream_is_signed_as_the_golden_one() {
    let mut inner = BytesMut::new();
    let encoded =
        "eyJldmVudCI6eyJzZXNzaW9uU3RhcnQiOnsiaW5mZXJlbmNlQ29uZmlndXJhdGlvbiI6eyJtYXhUb2tlbnMiOjY0fX19fQ==";
    encode_event_json("chunk", format!("{{\"bytes\":\"{encoded}\"}}").as_bytes(), &mut inner);
    let (mut out, mut chain) = (BytesMut::new(), chain());
    encode_signed(&mut chain, NOON, &inner, &mut out);
    encode_signed(&mut chain, NOON, b"", &mut out);
    assert_eq!(out.freeze(), golden());
}

#[test]
fn the_golden_stream_is_read() {
    let payloads = payloads(&golden(), &[]);
    assert_eq!(payloads.len(), 2);
    let frame = Frame::parse(payloads[0].clone()).unwrap();
    assert_eq!(decode(&frame).unwrap(), Incoming::Chunk(EVENT.to_vec()));
    assert!(payloads[1].is_empty());
}

proptest! {
    #[test]
    fn whatever_is_signed_is_read_from_any_pieces(
        said in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..8),
        sizes in proptest::collection::vec(0usize..400, 0..30),
    ) {
        let (mut out, mut chain) = (BytesMut::new(), chain());
        for payload in &said {
            encode_signed(&mut chain, NOON, payload, &mut out);
        }
        let read = payloads(&out, &sizes);
        prop_assert_eq!(read.iter().map(|payload| payload.to_vec()).collect::<Vec<_>>(), said);
    }

    #[test]
    fn any_damage_is_seen(at in 0usize..400, bit in 0u8..8) {
        let mut bytes = golden().to_vec();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let (mut reader, mut chain, mut sound) = (FrameReader::default(), chain(), 0);
        reader.push(&bytes);
        while let Ok(Some(frame)) = reader.next_frame() {
            let Ok(Received::Signed { date, signature, payload }) = Received::of_frame(frame) else { break };
            sound += u32::from(chain.verify(&signature, date, &payload, NOON).is_ok());
        }
        prop_assert!(sound < 2);
    }

    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut reader = FrameReader::default();
        reader.push(&bytes);
        while let Ok(Some(frame)) = reader.next_frame() {
            let _ = Received::of_frame(frame);
        }
    }
}
