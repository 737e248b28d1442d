//! Arrivals, request mixes, streaming clients, measurement
