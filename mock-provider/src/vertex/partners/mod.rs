//! Models of other makers, `:rawPredict` and `:streamRawPredict`: body and answer are the maker's own.

pub(in crate::vertex) mod claude;
mod mistral;
