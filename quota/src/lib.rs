//! Each provider's rate-limit accounting, on the world's clock
