//! A mock over virtual pipes: what goes over the wire, byte by byte, and when.

mod answers;
mod anthropic;
mod bedrock;
mod bedrock_control;
mod bedrock_converse;
mod bedrock_invoke;
mod edge;
mod edge_sockets;
mod embeddings;
mod faults;
mod faults_everywhere;
mod harness;
mod limits;
mod load;
mod misuse;
mod openai;
mod openai_others;
mod openai_responses;
mod openai_withheld;
mod replay;
mod streams;
mod vertex;
mod vertex_caches;
mod vertex_chat;
mod vertex_generate;
mod vertex_images;
