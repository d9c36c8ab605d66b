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
    if let Some(port) = port {
        return TcpListener::bind((address, port)).await.map_err(|source| failure(address, port, source));
    }
    for port in FIRST_PORT..FIRST_PORT + PORTS {
        match TcpListener::bind((address, port)).await {
            Ok(listener) => return Ok(listener),
            // Another port does not help where the address is none of this machine's.
            Err(source) if source.kind() == std::io::ErrorKind::AddrNotAvailable => {
                return Err(failure(address, port, source));
            }
            Err(_) => {}
        }
    }
    Err(DeployError::NoPort { first: FIRST_PORT, last: FIRST_PORT + PORTS - 1 })
}

fn failure(address: IpAddr, port: u16, source: std::io::Error) -> DeployError {
    if source.kind() == std::io::ErrorKind::AddrNotAvailable {
        DeployError::Address { address, source }
    } else {
        DeployError::Port { port, source }
    }
}
