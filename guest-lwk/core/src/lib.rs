//! The LWK's pure algorithms.
#![no_std]
