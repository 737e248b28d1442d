//! A mock that stands alone on a port, for people and test suites: what it did can be asked, faults can be
//! set while it runs, and it ends without cutting anybody off.
//!
//! Nothing of this surrounds the mocks of a drill, whose proxy keeps the books.
//!
//! * [`EdgePlan`]: what the port offers beside the providers' APIs;
//! * `port`: the handler around the service;
//! * `books`, `journal`, `metrics`: what is noted of each request, and how it is asked for;
//! * `faults`: the rules in force, of the file and of the control API;
//! * `control`: the control API, `reply` its JSON.

mod books;
mod control;
mod faults;
mod journal;
mod metrics;
mod plan;
mod port;
mod reply;

pub(crate) use books::Books;
pub(crate) use faults::Faults;
pub(crate) use metrics::Metrics;
pub use plan::{Access, ControlFile, EdgePlan};
pub(crate) use port::{Edge, Port};
