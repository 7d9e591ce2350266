//! TLS to receivers: certificates are always checked, against the public
//! authorities and those that the operator added.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsConnector, rustls};

use super::SenderError;
use super::outcome::{FailureKind, SendFailure};
use crate::address::Host;

pub(super) struct Tls {
    connector: TlsConnector,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn new(extra_ca_pem: &[String]) -> Result<Self, SenderError> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for pem in extra_ca_pem {
            add_authorities(&mut roots, pem).map_err(SenderError::CertificateAuthority)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(SenderError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Shakes hands; the name in the URL is the one that is asked for and that
    /// the certificate has to prove.
    pub(super) async fn secure(
        &self,
        stream: TcpStream,
        host: &Host,
    ) -> Result<TlsStream<TcpStream>, SendFailure> {
        let failed = |detail: String| SendFailure::new(FailureKind::Tls, detail);
        let name = match host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => {
                let name = name.strip_suffix('.').unwrap_or(name).to_owned();
                ServerName::try_from(name)
                    .map_err(|_invalid| failed(format!("{host} cannot be in a certificate")))?
            }
        };
        Box::pin(self.connector.connect(name, stream))
            .await
            .map_err(|error| failed(format!("the TLS handshake failed: {error}")))
    }
}

fn add_authorities(roots: &mut RootCertStore, pem: &str) -> Result<(), String> {
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        added += 1;
    }
    if added == 0 {
        return Err("it holds no certificate in PEM".to_owned());
    }
    Ok(())
}
