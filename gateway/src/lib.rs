//! The reference gateway: the system under test when none is named
