//! How much of a request is read.

use crate::ReadError;

/// Deeper than this is never read, whatever the caller asks: readers recurse.
const MAX_DEPTH: usize = 64;

/// What one request may hold, query and body together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most values that are no containers: what a form sends as one pair each.
    /// An empty container counts as one.
    pub keys: usize,
    /// Most containers inside one another, the outermost not counted:
    /// `cart[0][name]` needs two. Above 64 it means 64.
    pub depth: usize,
}

impl Default for Limits {
    /// Those of WIRE 2: 200 keys, depth 5.
    fn default() -> Self {
        Self {
            keys: 200,
            depth: 5,
        }
    }
}

/// What is left of the limits while a request is read.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    keys_left: usize,
    depth: usize,
}

impl Budget {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            keys_left: limits.keys,
            depth: limits.depth.min(MAX_DEPTH),
        }
    }

    /// To be called before a value is stored.
    pub(crate) fn spend_key(&mut self) -> Result<(), ReadError> {
        self.keys_left = self
            .keys_left
            .checked_sub(1)
            .ok_or(ReadError::TooManyKeys)?;
        Ok(())
    }

    /// To be called before going into a container that lies in `level` others;
    /// the outermost has level 0.
    pub(crate) fn check_depth(&self, level: usize) -> Result<(), ReadError> {
        if level > self.depth {
            return Err(ReadError::TooDeep);
        }
        Ok(())
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }
}
