//! The only place with sockets, pipes, clocks, timers and chance: real and virtual behind the same types
