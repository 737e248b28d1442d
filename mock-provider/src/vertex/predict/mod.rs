//! `:predict` of Google's other models: vectors of texts, pictures and films, and pictures of texts.

mod embeddings;
mod imagen;
mod multimodal;
