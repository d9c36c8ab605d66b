//! The port of an endpoint.

use std::net::{IpAddr, Ipv4Addr};

use tokio::net::TcpListener;

use super::DeployError;

/// The address that only this machine reaches.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The port that an endpoint takes where it is free: that of kinesalite, which clients' examples know.
const FIRST_PORT: u16 = 4567;
/// How many ports are tried from there.
const PORTS: u16 = 100;

/// Listens on a port of an address; on the first free one from 4567 where none is named.
pub async fn listen(address: IpAddr, port: Option<u16>) -> Result<TcpListener, DeployError> {
    match port {
        Some(port) => bind(address, port).await,
        None => listen_from(address, FIRST_PORT).await,
    }
}

/// Listens on a port of an address, or on the first free one of the next hundred.
pub async fn listen_from(address: IpAddr, first: u16) -> Result<TcpListener, DeployError> {
    let end = first.saturating_add(PORTS);
    for port in first..end {
        match bind(address, port).await {
            // Another may be free; where the address is none of this machine's, none is.
            Err(DeployError::Port { .. }) => {}
            done => return done,
        }
    }
    Err(DeployError::NoPort { first, last: end.saturating_sub(1) })
}

async fn bind(address: IpAddr, port: u16) -> Result<TcpListener, DeployError> {
    TcpListener::bind((address, port)).await.map_err(|source| {
        if source.kind() == std::io::ErrorKind::AddrNotAvailable {
            DeployError::Address { address, source }
        } else {
            DeployError::Port { port, source }
        }
    })
}
