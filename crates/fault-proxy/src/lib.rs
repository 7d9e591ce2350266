//! A wire that can be broken: what tests and tools put between a client and its server.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A TCP proxy on loopback between a client and a server. It starts by passing
/// everything on.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Mutex<CancellationToken>,
}

struct Shared {
    upstream: SocketAddr,
    flows: watch::Sender<bool>,
    /// Ends the connections of now; replaced by each cut.
    connections: Mutex<CancellationToken>,
}

impl FaultProxy {
    /// Listens on a free loopback port for connections to `upstream`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            flows: watch::Sender::new(true),
            connections: Mutex::new(CancellationToken::new()),
        });
        let listening = CancellationToken::new();
        serve(listener, &shared, &listening);
        Ok(Self {
            address,
            shared,
            listening: Mutex::new(listening),
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes bytes and takes connections again, whatever was before.
    ///
    /// # Errors
    /// Something else took the port while it was refused.
    pub async fn pass(&self) -> io::Result<()> {
        self.shared.flows.send_replace(true);
        let before = lock(&self.listening).clone();
        if !before.is_cancelled() {
            return Ok(());
        }
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                // The listener before is dropped by its task, which may be behind.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    tokio::task::yield_now().await;
                }
                Err(error) => return Err(error),
            }
        };
        let listening = CancellationToken::new();
        serve(listener, &self.shared, &listening);
        *lock(&self.listening) = listening;
        Ok(())
    }

    /// Holds all bytes back, in both directions; connections stay open.
    pub fn stall(&self) {
        self.shared.flows.send_replace(false);
    }

    /// Resets every connection of now; new ones are taken.
    pub fn cut(&self) {
        let mut connections = lock(&self.shared.connections);
        std::mem::take(&mut *connections).cancel();
    }

    /// Resets every connection and refuses new ones.
    pub fn refuse(&self) {
        lock(&self.listening).cancel();
        self.cut();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.refuse();
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy")
            .field("address", &self.address)
            .field("upstream", &self.shared.upstream)
            .finish_non_exhaustive()
    }
}

fn serve(listener: TcpListener, shared: &Arc<Shared>, listening: &CancellationToken) {
    let shared = Arc::clone(shared);
    let listening = listening.clone();
    tokio::spawn(async move {
        while let Some(Ok((client, _peer))) = listening.run_until_cancelled(listener.accept()).await
        {
            let life = lock(&shared.connections).clone();
            tokio::spawn(connect(client, Arc::clone(&shared), life));
        }
    });
}

async fn connect(mut client: TcpStream, shared: Arc<Shared>, life: CancellationToken) {
    let Ok(mut server) = TcpStream::connect(shared.upstream).await else {
        return;
    };
    // Both ends shall see a reset, not an orderly close, when the wire is cut.
    if life
        .run_until_cancelled(relay(&mut client, &mut server, &shared.flows))
        .await
        .is_none()
    {
        drop(client.set_zero_linger());
        drop(server.set_zero_linger());
    }
}

async fn relay(client: &mut TcpStream, server: &mut TcpStream, flows: &watch::Sender<bool>) {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::join!(
        carry(from_client, to_server, flows.subscribe()),
        carry(from_server, to_client, flows.subscribe()),
    );
}

/// Moves bytes until the source ends or either side fails.
async fn carry(
    mut source: impl AsyncRead + Unpin,
    mut sink: impl AsyncWrite + Unpin,
    mut flows: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = source.read(&mut buffer).await {
        if flows.wait_for(|&flows| flows).await.is_err()
            || sink.write_all(&buffer[..length]).await.is_err()
        {
            return;
        }
    }
    drop(sink.shutdown().await);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A server that sends back what it gets.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _peer)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut reader, mut writer) = stream.split();
                    tokio::io::copy(&mut reader, &mut writer).await
                });
            }
        });
        address
    }

    async fn ask(stream: &mut TcpStream) -> io::Result<u8> {
        stream.write_u8(7).await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn passes_stalls_cuts_and_refuses() {
        let proxy = FaultProxy::start(echo().await).await.unwrap();
        let connect = || TcpStream::connect(proxy.address());
        let mut stream = connect().await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), 7);

        proxy.stall();
        let stalled = tokio::time::timeout(Duration::from_millis(50), ask(&mut stream)).await;
        assert!(stalled.is_err(), "nothing passes");
        proxy.pass().await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 7, "what was held back");

        proxy.cut();
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(ask(&mut connect().await.unwrap()).await.unwrap(), 7);

        proxy.refuse();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while connect().await.is_ok() {
            assert!(tokio::time::Instant::now() < deadline, "still taken");
            tokio::task::yield_now().await;
        }
        proxy.pass().await.unwrap();
        assert_eq!(ask(&mut connect().await.unwrap()).await.unwrap(), 7);
    }
}
