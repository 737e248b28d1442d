//! Behaviour of the formats as their users meet them: bytes in, events out.
