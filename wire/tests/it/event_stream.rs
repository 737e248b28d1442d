//! Event-stream messages: two worked out by hand and read back with botocore, and arbitrary ones.

use brownout_wire::bedrock::converse::StopReason;
use brownout_wire::bedrock::converse_stream::{self, Incoming, StreamEvent};
use brownout_wire::bedrock::error::{Error, Throttle};
use brownout_wire::bedrock::stream_frame::{self, Padding};
use brownout_wire::event_stream::{
    Frame, FrameError, FrameWriter, Header, HeaderError, HeaderTooLong, Value,
};
use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;

/// `messageStop`, padding `abc`.
const EVENT: &str = "
    00 00 00 84 00 00 00 51 3d 28 a8 59 0b 3a 65 76 65 6e 74 2d 74 79 70 65 07 00 0b 6d 65 73 73 61
    67 65 53 74 6f 70 0d 3a 63 6f 6e 74 65 6e 74 2d 74 79 70 65 07 00 10 61 70 70 6c 69 63 61 74 69
    6f 6e 2f 6a 73 6f 6e 0d 3a 6d 65 73 73 61 67 65 2d 74 79 70 65 07 00 05 65 76 65 6e 74 7b 22 70
    22 3a 22 61 62 63 22 2c 22 73 74 6f 70 52 65 61 73 6f 6e 22 3a 22 65 6e 64 5f 74 75 72 6e 22 7d
    8a 7b bd d0";

/// `throttlingException`: too many tokens.
const EXCEPTION: &str = "
    00 00 00 b0 00 00 00 61 4f 50 86 b3 0f 3a 65 78 63 65 70 74 69 6f 6e 2d 74 79 70 65 07 00 13 74
    68 72 6f 74 74 6c 69 6e 67 45 78 63 65 70 74 69 6f 6e 0d 3a 63 6f 6e 74 65 6e 74 2d 74 79 70 65
    07 00 10 61 70 70 6c 69 63 61 74 69 6f 6e 2f 6a 73 6f 6e 0d 3a 6d 65 73 73 61 67 65 2d 74 79 70
    65 07 00 09 65 78 63 65 70 74 69 6f 6e 7b 22 6d 65 73 73 61 67 65 22 3a 22 54 6f 6f 20 6d 61 6e
    79 20 74 6f 6b 65 6e 73 2c 20 70 6c 65 61 73 65 20 77 61 69 74 20 62 65 66 6f 72 65 20 74 72 79
    69 6e 67 20 61 67 61 69 6e 2e 22 7d f7 0a e5 7f";

fn bytes(dump: &str) -> Bytes {
    hex::decode(dump.split_whitespace().collect::<String>()).unwrap().into()
}

#[test]
fn an_event_has_the_golden_bytes() {
    let event =
        StreamEvent::MessageStop { additional_model_response_fields: None, stop_reason: StopReason::EndTurn };
    let mut out = BytesMut::new();
    event.encode(Padding::of_len(3), &mut out);
    assert_eq!(out, bytes(EVENT));
    let frame = Frame::parse(bytes(EVENT)).unwrap();
    assert_eq!(converse_stream::decode(&frame).unwrap(), Incoming::Event(event));
}

#[test]
fn an_exception_has_the_golden_bytes() {
    let error = Error::throttled(Throttle::Tokens);
    let mut out = BytesMut::new();
    stream_frame::encode_exception(&error, &mut out);
    assert_eq!(out, bytes(EXCEPTION));
    let frame = Frame::parse(bytes(EXCEPTION)).unwrap();
    assert_eq!(converse_stream::decode(&frame).unwrap(), Incoming::Exception(error));
}

#[test]
fn every_damaged_byte_is_noticed() {
    let whole = bytes(EVENT);
    for at in 0..whole.len() {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 0x10;
        let noticed = Frame::parse(damaged.into()).and_then(|frame| frame.verify());
        assert!(noticed.is_err(), "byte {at}");
    }
}

#[test]
fn the_two_checksums_are_told_apart() {
    let damage = |at: usize| {
        let mut damaged = bytes(EVENT).to_vec();
        damaged[at] ^= 1;
        Frame::parse(damaged.into()).unwrap().verify()
    };
    assert_eq!(damage(9), Err(FrameError::PreludeChecksum));
    assert_eq!(damage(100), Err(FrameError::MessageChecksum));
}

#[test]
fn a_frame_is_exactly_as_long_as_it_says() {
    let whole = bytes(EVENT);
    let length = |actual| Err(FrameError::Length { announced: 132, actual });
    assert_eq!(Frame::parse(whole.slice(..131)), length(131));
    assert_eq!(Frame::parse(Bytes::new()), Err(FrameError::Length { announced: 0, actual: 0 }));
    let mut headers = whole.to_vec();
    headers[7] = 0xff;
    assert_eq!(Frame::parse(headers.into()), Err(FrameError::HeadersLength));
}

#[test]
fn a_header_has_limits() {
    let mut out = BytesMut::new();
    let mut writer = FrameWriter::begin(&mut out);
    let long = "x".repeat(70_000);
    for (name, value) in [
        ("", Value::Bool(true)),
        (&long[..256], Value::Bool(true)),
        ("a", Value::Text(&long)),
        ("a", Value::Bytes(long.as_bytes())),
    ] {
        assert_eq!(writer.header(Header { name, value }), Err(HeaderTooLong));
    }
    writer.header(Header { name: &long[..255], value: Value::Text(&long[..65_535]) }).unwrap();
    writer.finish(b"");
    let frame = Frame::parse(out.freeze()).unwrap();
    frame.verify().unwrap();
    assert_eq!(frame.text_header(&long[..255]), Some(&long[..65_535]));
}

#[test]
fn broken_headers_end_the_list_with_an_error() {
    for (block, error) in [
        (&b"\x01a"[..], HeaderError::Truncated),
        (b"\x01a\x07\x00\x09x", HeaderError::Truncated),
        (b"\x01a\x0a", HeaderError::UnknownType(10)),
        (b"\x01\xff\x00", HeaderError::NotText),
        (b"\x00\x00", HeaderError::NotText),
    ] {
        let mut out = BytesMut::new();
        out.put_u32(u32::try_from(block.len()).unwrap() + 16);
        out.put_u32(u32::try_from(block.len()).unwrap());
        out.put_u32(0);
        out.put_slice(block);
        out.put_u32(0);
        let frame = Frame::parse(out.freeze()).unwrap();
        assert_eq!(frame.headers().collect::<Vec<_>>(), [Err(error)]);
    }
}

#[derive(Clone, Debug)]
enum OwnedValue {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Bytes(Vec<u8>),
    Text(String),
    Timestamp(i64),
    Uuid([u8; 16]),
}

impl OwnedValue {
    fn borrow(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::I8(value) => Value::I8(*value),
            Self::I16(value) => Value::I16(*value),
            Self::I32(value) => Value::I32(*value),
            Self::I64(value) => Value::I64(*value),
            Self::Bytes(value) => Value::Bytes(value),
            Self::Text(value) => Value::Text(value),
            Self::Timestamp(value) => Value::Timestamp(*value),
            Self::Uuid(value) => Value::Uuid(*value),
        }
    }
}

fn value() -> impl Strategy<Value = OwnedValue> {
    prop_oneof![
        any::<bool>().prop_map(OwnedValue::Bool),
        any::<i8>().prop_map(OwnedValue::I8),
        any::<i16>().prop_map(OwnedValue::I16),
        any::<i32>().prop_map(OwnedValue::I32),
        any::<i64>().prop_map(OwnedValue::I64),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(OwnedValue::Bytes),
        any::<String>().prop_map(OwnedValue::Text),
        any::<i64>().prop_map(OwnedValue::Timestamp),
        any::<[u8; 16]>().prop_map(OwnedValue::Uuid),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        headers in prop::collection::vec(("[a-z:-]{1,20}", value()), 0..6),
        payload in prop::collection::vec(any::<u8>(), 0..200),
        before in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut out = BytesMut::from(&before[..]);
        let mut writer = FrameWriter::begin(&mut out);
        for (name, value) in &headers {
            writer.header(Header { name, value: value.borrow() }).unwrap();
        }
        writer.finish(&payload);
        prop_assert_eq!(&out[..before.len()], &before[..]);
        let frame = Frame::parse(out.freeze().slice(before.len()..)).unwrap();
        frame.verify().unwrap();
        let read: Vec<_> = frame.headers().map(Result::unwrap).collect();
        let written: Vec<_> =
            headers.iter().map(|(name, value)| Header { name, value: value.borrow() }).collect();
        prop_assert_eq!(read, written);
        prop_assert_eq!(frame.payload(), &payload[..]);
        prop_assert_eq!(frame.payload_bytes(), payload);
    }

    #[test]
    fn arbitrary_bytes_are_read_without_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), honest in any::<bool>()) {
        if honest && bytes.len() >= 16 {
            let (total, headers) = (bytes.len() as u32, (bytes.len() - 16) as u32 / 2);
            bytes[..4].copy_from_slice(&total.to_be_bytes());
            bytes[4..8].copy_from_slice(&headers.to_be_bytes());
        }
        if let Ok(frame) = Frame::parse(bytes.into()) {
            let _ = (frame.verify(), frame.headers().count(), frame.payload().len());
            let _ = converse_stream::decode(&frame);
        }
    }
}
