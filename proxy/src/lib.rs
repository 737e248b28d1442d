//! The fault-injecting reverse proxy
