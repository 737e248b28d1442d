//! The typed headers of an event-stream message.

use thiserror::Error;

/// A header's value, borrowed from the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Types 0 (true) and 1 (false): no bytes.
    Bool(bool),
    /// Type 2.
    I8(i8),
    /// Type 3.
    I16(i16),
    /// Type 4.
    I32(i32),
    /// Type 5.
    I64(i64),
    /// Type 6, at most 65,535 bytes.
    Bytes(&'a [u8]),
    /// Type 7, at most 65,535 bytes; the only type that Bedrock uses.
    Text(&'a str),
    /// Type 8: milliseconds since the Unix epoch.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

/// One header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name, 1–255 bytes.
    pub name: &'a str,
    /// Its value.
    pub value: Value<'a>,
}

/// Why a headers block cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// A header ends behind its block.
    #[error("a header of the event-stream message is cut off")]
    Truncated,
    /// A name or text is not UTF-8, or a name is empty.
    #[error("a header of the event-stream message is not text")]
    NotText,
    /// A type code above 9.
    #[error("an event-stream header has the unknown type {0}")]
    UnknownType(u8),
}

/// The headers of a message, in order. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Headers<'a> {
    pub(crate) fn of_block(block: &'a [u8]) -> Self {
        Self { rest: block }
    }

    fn read(&mut self) -> Result<Header<'a>, HeaderError> {
        let [name_len] = self.array::<1>()?;
        let name = self.text(usize::from(name_len))?;
        let [kind] = self.array::<1>()?;
        let value = self.value(kind)?;
        if name.is_empty() { Err(HeaderError::NotText) } else { Ok(Header { name, value }) }
    }

    fn value(&mut self, kind: u8) -> Result<Value<'a>, HeaderError> {
        Ok(match kind {
            0 => Value::Bool(true),
            1 => Value::Bool(false),
            2 => Value::I8(i8::from_be_bytes(self.array()?)),
            3 => Value::I16(i16::from_be_bytes(self.array()?)),
            4 => Value::I32(i32::from_be_bytes(self.array()?)),
            5 => Value::I64(i64::from_be_bytes(self.array()?)),
            6 => Value::Bytes(self.sized()?),
            7 => Value::Text(std::str::from_utf8(self.sized()?).map_err(|_| HeaderError::NotText)?),
            8 => Value::Timestamp(i64::from_be_bytes(self.array()?)),
            9 => Value::Uuid(self.array()?),
            unknown => return Err(HeaderError::UnknownType(unknown)),
        })
    }

    fn sized(&mut self) -> Result<&'a [u8], HeaderError> {
        let len = u16::from_be_bytes(self.array()?);
        self.take(usize::from(len))
    }

    fn text(&mut self, len: usize) -> Result<&'a str, HeaderError> {
        std::str::from_utf8(self.take(len)?).map_err(|_| HeaderError::NotText)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(HeaderError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], HeaderError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(HeaderError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Result<Header<'a>, HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let header = self.read();
        if header.is_err() {
            self.rest = &[];
        }
        Some(header)
    }
}
