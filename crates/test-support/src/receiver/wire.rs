//! A connection, plain or under TLS, that can also be torn down rudely.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Reads what there is; `false` at the end of the stream.
    pub(super) async fn read_more(&mut self, buffer: &mut BytesMut) -> io::Result<bool> {
        let read = match self {
            Self::Plain(stream) => stream.read_buf(buffer).await?,
            Self::Tls(stream) => stream.read_buf(buffer).await?,
        };
        Ok(read > 0)
    }

    /// Waits for the end of the stream; what comes before it is kept.
    pub(super) async fn end(&mut self, buffer: &mut BytesMut) -> io::Result<()> {
        while self.read_more(buffer).await? {}
        Ok(())
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// Closes with a TCP reset.
    pub(super) fn reset(self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.set_zero_linger(),
            Self::Tls(stream) => stream.get_ref().0.set_zero_linger(),
        }
    }
}

/// A certificate for some names, and the authority that signed it.
pub(super) struct Identity {
    pub(super) ca_pem: String,
    pub(super) acceptor: TlsAcceptor,
}

impl Identity {
    pub(super) fn issue(names: &[&str]) -> Self {
        Self::issue_with(names, |_usual| {})
    }

    /// One that was good for a day in the year 2000.
    pub(super) fn issue_expired(names: &[&str]) -> Self {
        Self::issue_with(names, |certificate| {
            certificate.not_before = date_time_ymd(2000, 1, 1);
            certificate.not_after = date_time_ymd(2000, 1, 2);
        })
    }

    fn issue_with(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key pair"))
                .expect("a self-signed authority");

        let key = KeyPair::generate().expect("a key pair");
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut certificate =
            CertificateParams::new(names).expect("names that fit into a certificate");
        change(&mut certificate);
        let certificate = certificate
            .signed_by(&key, &authority)
            .expect("a signed certificate");

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider's own protocol versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .expect("a certificate that fits its key");
        Self {
            ca_pem: authority.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}
