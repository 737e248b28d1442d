//! Provider formats, pure: requests, responses, errors, stream codecs and splitters, SigV4
