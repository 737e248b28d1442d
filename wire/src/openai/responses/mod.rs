//! `POST /v1/responses`: requests, answers, and the named events of a stream.

mod input;
mod item;
mod request;
mod response;
mod stream;

pub use input::{Input, InputContent, InputItem, InputPart};
pub use item::{OutputItem, OutputPart, OutputText, Status, SummaryText};
pub use request::{FunctionTool, ReasoningConfig, ResponsesRequest, TextConfig, TextFormat};
pub use response::{
    DeletedResponse, IncompleteDetails, InputItemList, InputTokenCount, InputTokensDetails,
    OutputTokensDetails, Response, ResponseError, Usage,
};
pub use stream::{EventWriter, Place, write_error};
