//! One listening port: bind, serve, stop. What a request can do to its connection is in [`socket`].

pub(super) mod socket;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use self::socket::Socket;
use super::front::Front;
use crate::limits::Limits;

/// A port that is bound and not yet served.
pub(crate) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[cfg(test)]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address for clients on this machine.
    pub(crate) fn endpoint(&self) -> String {
        let ip = match self.address.ip() {
            // A port that listens everywhere is reached at the loopback address, too.
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// Serves until `stop` becomes true, and then until the open requests are answered.
    ///
    /// A connection on which no complete head of a request arrives within `patience` is closed, an idle one too, and one
    /// whose client does not take its answer, or takes it too slowly.
    pub(crate) fn serve(
        self,
        front: Front,
        patience: Duration,
        limits: Limits,
        mut stop: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let mut listener = self.listener;
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(patience).max_header_size(limits.head_bytes);
        let places = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
        tokio::spawn(async move {
            let connections = GracefulShutdown::new();
            loop {
                // The system keeps further connections waiting until one has ended.
                let next = async {
                    let place = Arc::clone(&places).acquire_owned().await;
                    // Failures to accept are retried inside.
                    (Listener::accept(&mut listener).await.0, place)
                };
                let (stream, place) = tokio::select! {
                    next = next => next,
                    // An error means that the emulator is gone, which is a reason to stop as well.
                    _ = stop.wait_for(|stop| *stop) => break,
                };
                if front.refuses_connection() {
                    socket::reset(&stream);
                    continue;
                }
                // Answers are small and complete; waiting to fill a packet would only delay them.
                let _ = stream.set_nodelay(true);
                let socket = Socket::new(stream, patience);
                let service = front.on(socket.line());
                let connection = protocol.serve_connection(TokioIo::new(socket), service);
                // A connection that fails is the client's to notice.
                let connection = connections.watch(connection);
                tokio::spawn(async move {
                    let _ = connection.await;
                    drop(place);
                });
            }
            drop(listener);
            connections.shutdown().await;
        })
    }
}
