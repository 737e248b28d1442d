//! Embeddings, in the two forms of the service: `:predict` of many texts, `:embedContent` of one content.

mod embed_content;
mod multimodal;
mod predict;

pub use embed_content::{EmbedContentConfig, EmbedContentRequest, EmbedContentResponse, EmbedValues};
pub use multimodal::{
    Media, MultimodalInstance, MultimodalParameters, MultimodalPrediction, MultimodalRequest,
    MultimodalResponse, VideoEmbedding,
};
pub use predict::{
    Instance, Parameters, PredictMetadata, PredictRequest, PredictResponse, Prediction, Statistics,
    TextEmbedding,
};
