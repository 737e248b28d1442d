//! The record types of the logs, their one file format, and histograms
