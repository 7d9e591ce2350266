//! What someone posted to a lead URL, read into one ordered tree of named values.
//!
//! Senders write the same lead as JSON, as a form with PHP brackets, as
//! multipart, as a query string, in UTF-8 or in whatever charset their page is
//! in, and name the media type wrongly or not at all. [`read`] takes all of it
//! and loses nothing that can be understood: it knows no name of any field, that
//! is its caller's business. It refuses only what has no names and values in it
//! ([`ReadError::Malformed`]), and what would cost too much, before paying.
//!
//! ```
//! use submission::{Limits, Posted, read};
//!
//! let submission = read(&Posted {
//!     content_type: Some("application/x-www-form-urlencoded"),
//!     query: "utm_source=ya",
//!     body: b"phone=8+800+555-35-35&cart[0][name]=%D1%87%D0%B0%D0%B9",
//!     limits: Limits::default(),
//! })?;
//! assert_eq!(
//!     submission.body.get("phone").and_then(|phone| phone.scalar()).as_deref(),
//!     Some("8 800 555-35-35"),
//! );
//! # Ok::<(), submission::ReadError>(())
//! ```

mod charset;
mod error;
mod fingerprint;
mod form;
mod json;
mod limits;
mod media_type;
mod multipart;
mod request;
mod text;
mod value;

pub use error::ReadError;
pub use limits::Limits;
pub use request::{Posted, Submission, read};
pub use value::{File, Object, Value};
