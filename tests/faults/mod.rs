//! Faults between a client and any HTTP endpoint: what AWS does on a bad day and no emulator plays.
//!
//! A [`Proxy`] passes requests on and answers, delays or drops those that a [`Fault`] is meant for. The protocol is seen
//! by the request (`X-Amz-Target`: JSON; an `Action` field: the query protocol's XML; otherwise S3's XML), so one proxy
//! serves every service of an emulator. What chance decides comes from a seed. Owns threads, and needs no runtime.

mod entries;
mod fault;
mod http;
mod proxy;
mod tests;

pub(crate) use fault::Fault;
pub(crate) use proxy::Proxy;
