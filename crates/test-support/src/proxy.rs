//! A wire that can be broken.

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
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let address = listener.local_addr().expect("the listener's address");
        let shared = Arc::new(Shared {
            upstream,
            flows: watch::Sender::new(true),
            connections: Mutex::new(CancellationToken::new()),
        });
        let listening = CancellationToken::new();
        serve(listener, &shared, &listening);
        Self {
            address,
            shared,
            listening: Mutex::new(listening),
        }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes bytes and takes connections again, whatever was before.
    ///
    /// # Panics
    ///
    /// If something else took the port while it was refused.
    pub async fn pass(&self) {
        self.shared.flows.send_replace(true);
        let before = lock(&self.listening).clone();
        if !before.is_cancelled() {
            return;
        }
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                // The listener before is dropped by its task, which may be behind.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    tokio::task::yield_now().await;
                }
                Err(error) => panic!("{} cannot be taken again: {error}", self.address),
            }
        };
        let listening = CancellationToken::new();
        serve(listener, &self.shared, &listening);
        *lock(&self.listening) = listening;
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
    use crate::{Answer, MockReceiver, wait_until};

    const PATIENCE: Duration = Duration::from_secs(10);

    async fn ask(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn passes_stalls_cuts_and_refuses() {
        let receiver = MockReceiver::start().await;
        receiver.answer_always(Answer::ok().close());
        let proxy = FaultProxy::start(receiver.address()).await;

        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), b"HTTP/1.1 200");

        proxy.stall();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        let stalled = tokio::time::timeout(Duration::from_millis(50), ask(&mut stream)).await;
        assert!(stalled.is_err(), "nothing passes");
        assert_eq!(receiver.requests().len(), 1);

        proxy.cut();
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);

        proxy.refuse();
        wait_until(PATIENCE, || async {
            TcpStream::connect(proxy.address()).await.is_err()
        })
        .await;

        proxy.pass().await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), b"HTTP/1.1 200");
    }
}
