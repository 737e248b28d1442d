//! What the front end of Google's APIs does with every request, whoever answers it: who may enter, what a quota leaves,
//! the head of answers, the words of refusals, and the tokens that callers bring.

pub(in crate::vertex) mod auth;
mod failure;
pub(in crate::vertex) mod grpc;
pub(in crate::vertex) mod moment;
mod page;
pub(in crate::vertex) mod reply;
mod request;
mod settlement;
pub(in crate::vertex) mod tokens;

pub(in crate::vertex) use failure::{Failure, Place};
pub(in crate::vertex) use page::Paging;
pub(in crate::vertex) use request::Request;
pub(in crate::vertex) use settlement::{Counted, Settlement, traffic_of};
