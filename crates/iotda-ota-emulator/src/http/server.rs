//! One listening port: bind, serve, stop.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

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
    pub(crate) fn serve(self, router: Router, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
        let listener = self.listener.tap_io(|connection| {
            // Answers are small and complete; waiting to fill a packet would only delay them.
            let _ = connection.set_nodelay(true);
        });
        tokio::spawn(async move {
            let stopped = async move {
                // An error means that the emulator is gone, which is a reason to stop as well.
                let _ = stop.wait_for(|stop| *stop).await;
            };
            // This only ever ends by the stop: failures to accept are retried inside.
            let _ = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
        })
    }
}
