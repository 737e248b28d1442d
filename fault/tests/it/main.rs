//! Effects and decisions as a client and a record see them.

use brownout_fault as fault;

mod decisions;
mod grammar;
mod heads;
mod page;
mod plain;
mod streams;
mod support;
