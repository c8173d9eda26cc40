//! Looking at a program that runs, by the socket that it has opened.
//!
//! ```text
//!   find        a process to the path of its socket
//!   connection  requests and answers             docs/socket.md
//!   sample      the figures in an answer
//! ```

pub mod connection;
pub mod error;
pub mod find;
pub mod sample;

pub use connection::Connection;
pub use error::LiveError;
pub use sample::Sample;
