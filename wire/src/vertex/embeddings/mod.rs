//! Embeddings, in the two forms of the service: `:predict` of many texts, `:embedContent` of one content.

mod embed_content;
mod predict;

pub use embed_content::{EmbedContentConfig, EmbedContentRequest, EmbedContentResponse, EmbedValues};
pub use predict::{
    Instance, Parameters, PredictMetadata, PredictRequest, PredictResponse, Prediction, Statistics,
    TextEmbedding,
};
