//! What is done to a model or an endpoint: the word after the last colon of a path.

/// An operation on a model or an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// One answer of a Gemini model.
    GenerateContent,
    /// The same, streamed.
    StreamGenerateContent,
    /// How many tokens a request has.
    CountTokens,
    /// Which tokens they are.
    ComputeTokens,
    /// Embeddings, pictures, deployed models.
    Predict,
    /// The start of a long job, such as a video.
    PredictLongRunning,
    /// How far the job is.
    FetchPredictOperation,
    /// One embedding, of newer models.
    EmbedContent,
    /// A partner's model, body and answer its own.
    RawPredict,
    /// The same, streamed.
    StreamRawPredict,
    /// A deployed model, streamed.
    ServerStreamingPredict,
    /// Attributions of a deployed model.
    Explain,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Verb; 12] = [
        Verb::GenerateContent,
        Verb::StreamGenerateContent,
        Verb::CountTokens,
        Verb::ComputeTokens,
        Verb::Predict,
        Verb::PredictLongRunning,
        Verb::FetchPredictOperation,
        Verb::EmbedContent,
        Verb::RawPredict,
        Verb::StreamRawPredict,
        Verb::ServerStreamingPredict,
        Verb::Explain,
    ];

    /// The word in the path.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::GenerateContent => "generateContent",
            Verb::StreamGenerateContent => "streamGenerateContent",
            Verb::CountTokens => "countTokens",
            Verb::ComputeTokens => "computeTokens",
            Verb::Predict => "predict",
            Verb::PredictLongRunning => "predictLongRunning",
            Verb::FetchPredictOperation => "fetchPredictOperation",
            Verb::EmbedContent => "embedContent",
            Verb::RawPredict => "rawPredict",
            Verb::StreamRawPredict => "streamRawPredict",
            Verb::ServerStreamingPredict => "serverStreamingPredict",
            Verb::Explain => "explain",
        }
    }

    /// The verb of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == word)
    }

    /// Whether the answer comes in pieces.
    pub fn is_streamed(self) -> bool {
        matches!(self, Verb::StreamGenerateContent | Verb::StreamRawPredict | Verb::ServerStreamingPredict)
    }

    /// Whether it is the older way to ask, which Gemini models do not take.
    pub fn is_predict(self) -> bool {
        matches!(
            self,
            Verb::Predict
                | Verb::RawPredict
                | Verb::StreamRawPredict
                | Verb::ServerStreamingPredict
                | Verb::Explain
        )
    }

    /// The verb with which google-genai asks `model` for an embedding.
    pub fn for_embedding(model: &str) -> Self {
        let newer = model.contains("gemini") && model != "gemini-embedding-001";
        if newer || model.contains("maas") { Verb::EmbedContent } else { Verb::Predict }
    }

    /// The gRPC method, as error details name it.
    pub fn grpc_method(self) -> String {
        let mut method = self.as_str().to_owned();
        method[..1].make_ascii_uppercase();
        format!("google.cloud.aiplatform.v1beta1.PredictionService.{method}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_finds_its_verb() {
        for verb in Verb::ALL {
            assert_eq!(Verb::from_word(verb.as_str()), Some(verb));
        }
        assert_eq!(Verb::from_word("dance"), None);
    }

    #[test]
    fn an_embedding_is_asked_for_as_the_sdk_does() {
        for (model, verb) in [
            ("text-embedding-005", Verb::Predict),
            ("gemini-embedding-001", Verb::Predict),
            ("gemini-embedding-2", Verb::EmbedContent),
            ("multilingual-e5-large-instruct-maas", Verb::EmbedContent),
        ] {
            assert_eq!(Verb::for_embedding(model), verb, "{model}");
        }
    }

    #[test]
    fn the_grpc_method_is_the_protos() {
        let method = Verb::GenerateContent.grpc_method();
        assert_eq!(method, "google.cloud.aiplatform.v1beta1.PredictionService.GenerateContent");
    }
}
