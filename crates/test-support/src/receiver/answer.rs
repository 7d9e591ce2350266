//! What a [`MockReceiver`](crate::MockReceiver) does with a request.

use std::time::Duration;

use bytes::Bytes;

/// One scripted reaction to one request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(super) delay: Duration,
    pub(super) reaction: Reaction,
}

#[derive(Debug, Clone)]
pub(super) enum Reaction {
    /// A response, after which the connection lives on unless it says not to.
    Respond {
        status: u16,
        headers: Vec<(String, String)>,
        body: Body,
        close: bool,
    },
    /// These bytes instead of HTTP, then a close.
    Raw(Bytes),
    /// A status line and headers without end.
    EndlessHeaders,
    /// A status line and headers, then a reset in the middle of the body.
    ResetAfterStatus { status: u16 },
    /// A TCP reset without a byte.
    Reset,
    /// An orderly close without a byte.
    HangUp,
    /// Silence, with the connection held open.
    Never,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    /// All of it, with its length announced.
    Full(Bytes),
    /// `pieces` pieces with a pause before each, with the length announced.
    Slow {
        piece: Bytes,
        pieces: usize,
        pause: Duration,
    },
    /// Chunk after chunk.
    Endless,
    /// A length is announced and nothing follows.
    Stalled,
}

impl Answer {
    /// An empty response of this status.
    pub fn status(status: u16) -> Self {
        Self::respond(status, Body::Full(Bytes::new()))
    }

    /// `200` with the body `ok`.
    pub fn ok() -> Self {
        Self::status(200).body("ok")
    }

    /// `302` to another address.
    pub fn redirect(location: &str) -> Self {
        Self::status(302).header("location", location)
    }

    /// The status and headers at once, then a body that never begins.
    pub fn stalled_body(status: u16) -> Self {
        Self::respond(status, Body::Stalled)
    }

    /// The status and headers at once, then a body that never ends.
    pub fn endless_body(status: u16) -> Self {
        Self::respond(status, Body::Endless)
    }

    /// The status and headers at once, then `pieces` times `piece`, with a
    /// pause before each.
    pub fn slow_body(status: u16, piece: impl Into<Bytes>, pieces: usize, pause: Duration) -> Self {
        let piece = piece.into();
        Self::respond(
            status,
            Body::Slow {
                piece,
                pieces,
                pause,
            },
        )
    }

    /// Bytes that need not be HTTP, then a close.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::from(Reaction::Raw(bytes.into()))
    }

    /// A status line, then header after header.
    pub fn endless_headers() -> Self {
        Self::from(Reaction::EndlessHeaders)
    }

    /// A TCP reset instead of an answer.
    pub fn reset() -> Self {
        Self::from(Reaction::Reset)
    }

    /// A TCP reset after the status line and the headers.
    pub fn reset_after_status(status: u16) -> Self {
        Self::from(Reaction::ResetAfterStatus { status })
    }

    /// An orderly close instead of an answer.
    pub fn hang_up() -> Self {
        Self::from(Reaction::HangUp)
    }

    /// No answer; the connection stays open.
    pub fn never() -> Self {
        Self::from(Reaction::Never)
    }

    /// The same after a pause.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same with one more header.
    ///
    /// # Panics
    ///
    /// If this is not a response.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match &mut self.reaction {
            Reaction::Respond { headers, .. } => headers.push((name.to_owned(), value.to_owned())),
            other => panic!("{other:?} has no headers"),
        }
        self
    }

    /// The same with this body.
    ///
    /// # Panics
    ///
    /// If this is not a response.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        match &mut self.reaction {
            Reaction::Respond { body, .. } => *body = Body::Full(bytes.into()),
            other => panic!("{other:?} has no body"),
        }
        self
    }

    /// The same with `connection: close`, which is then done.
    ///
    /// # Panics
    ///
    /// If this is not a response.
    #[must_use]
    pub fn close(mut self) -> Self {
        match &mut self.reaction {
            Reaction::Respond { close, .. } => *close = true,
            other => panic!("{other:?} closes anyway"),
        }
        self
    }

    fn respond(status: u16, body: Body) -> Self {
        Self::from(Reaction::Respond {
            status,
            headers: Vec::new(),
            body,
            close: false,
        })
    }
}

impl From<Reaction> for Answer {
    fn from(reaction: Reaction) -> Self {
        Self {
            delay: Duration::ZERO,
            reaction,
        }
    }
}
