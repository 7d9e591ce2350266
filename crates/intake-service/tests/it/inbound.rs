//! The inbound URL, `/in/{token}` (WIRE 2).

mod answers;
mod cross_origin;
mod limits;
mod methods;
mod s1;
mod sizes;
mod together;
mod trouble;
